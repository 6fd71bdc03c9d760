from django.db import migrations, models


def fields(name, field):
    return [("id", models.BigAutoField(primary_key=True, serialize=False)), (name, field)]


class Migration(migrations.Migration):
    initial = True
    operations = [
        *(
            migrations.CreateModel(name, fields("balance", models.BigIntegerField()))
            for name in ("LocalAccount", "CoreAccount")
        ),
        *(
            migrations.CreateModel(name, fields("token", models.CharField(max_length=40, unique=True)))
            for name in ("LocalEntry", "CoreEntry")
        ),
    ]
