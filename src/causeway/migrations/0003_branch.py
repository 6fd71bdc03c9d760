from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("causeway", "0002_mirror")]
    operations = [
        migrations.CreateModel(
            name="Branch",
            fields=[
                ("gid", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("made_at", models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name="decision",
            name="branches",
            field=models.TextField(default=""),
        ),
        migrations.AddField(
            model_name="installation",
            name="identities",
            field=models.TextField(default=""),
        ),
    ]
