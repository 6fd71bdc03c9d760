from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('causeway', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='MirrorPosition',
            fields=[
                ('home', models.CharField(max_length=128, primary_key=True, serialize=False)),
                ('position', models.TextField(default='')),
                ('number', models.BigIntegerField(default=0)),
                ('read_at', models.FloatField(null=True)),
                ('complaint', models.TextField(default='')),
            ],
        ),
        migrations.CreateModel(
            name='Tombstone',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('home', models.CharField(max_length=128)),
                ('name', models.CharField(max_length=128)),
                ('key', models.TextField()),
                ('made_at', models.FloatField()),
                ('next_at', models.FloatField(db_index=True)),
            ],
        ),
        migrations.CreateModel(
            name='MirrorTable',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('home', models.CharField(max_length=128)),
                ('name', models.CharField(max_length=128)),
                ('state', models.CharField(max_length=16)),
                ('reason', models.TextField(default='')),
                ('generation', models.IntegerField(default=0)),
                ('digest', models.TextField(default='')),
                ('definition', models.CharField(default='', max_length=64)),
                ('copied', models.TextField(default='')),
                ('verified', models.TextField(default='')),
                ('since', models.FloatField(default=0)),
                ('verified_at', models.FloatField(null=True)),
                ('version', models.BigIntegerField(default=0)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('home', 'name'), name='causeway_mirrortable_unique')],
            },
        ),
    ]
