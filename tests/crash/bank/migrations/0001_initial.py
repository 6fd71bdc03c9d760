from django.db import migrations, models


def fields(**more):
    return [("id", models.BigAutoField(primary_key=True, serialize=False)), *more.items()]


def entry_fields(**more):
    token, gid = models.CharField(max_length=40, unique=True), models.CharField(max_length=64)
    return fields(token=token, gid=gid, **more)


class Migration(migrations.Migration):
    initial = True
    operations = [
        migrations.CreateModel("LocalAccount", fields(balance=models.BigIntegerField())),
        migrations.CreateModel("CoreAccount", fields(balance=models.BigIntegerField())),
        migrations.CreateModel("CoreEntry", entry_fields()),
        migrations.CreateModel(
            "LocalEntry", entry_fields(entry=models.ForeignKey("bank.CoreEntry", models.CASCADE))
        ),
    ]
