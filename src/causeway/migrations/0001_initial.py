from django.db import migrations, models

import causeway.transactions.models


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name="Decision",
            fields=[
                ("gid", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("is_abort", models.BooleanField()),
                ("made_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Installation",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("key", models.CharField(default=causeway.transactions.models.new_key, max_length=32)),
            ],
        ),
    ]
