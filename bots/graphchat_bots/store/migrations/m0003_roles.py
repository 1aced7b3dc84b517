"""Who has a role with the bot, and which invitations are used up."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("bot", "m0002_groups")]  # noqa: RUF012 - as the base has it

    operations = [  # noqa: RUF012 - as the base has it
        ops.CreateModel(
            name="RoleRow",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True)),
                ("sender", fields.CharField(max_length=255, unique=True)),
                ("name", fields.CharField(max_length=255)),
                ("role", fields.CharField(max_length=32)),
                ("at", fields.FloatField()),
            ],
            options={"table": "bot_role", "app": "bot", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="GrantRow",
            fields=[
                ("id", fields.CharField(primary_key=True, max_length=255)),
                ("at", fields.FloatField()),
            ],
            options={"table": "bot_grant", "app": "bot", "pk_attr": "id"},
            bases=["Model"],
        ),
    ]
