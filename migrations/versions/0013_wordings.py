"""wordings of a province, purposes of an agreement, pauses, blanked bodies, the gateway's phone

Revision ID: 0013
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op
import counseling.models.base


revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

MOMENT = counseling.models.base.UtcDateTime(timezone=True)
STANDING, HAS_BODY = sa.text("ended_at IS NULL"), sa.text("body IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "text_wordings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("area_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=24), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.String(length=300), nullable=True),
        sa.Column("marked", sa.String(length=300), nullable=True),
        sa.Column("copy_of", sa.Integer(), nullable=True),
        sa.Column("written_by_id", sa.Integer(), nullable=False),
        sa.Column("written_at", MOMENT, nullable=False),
        sa.Column("request_key", sa.String(length=32), nullable=False),
        sa.CheckConstraint("version > 0", name=op.f("ck_text_wordings_version")),
        sa.CheckConstraint(
            "body IS NOT NULL OR (marked IS NULL AND copy_of = 0)", name=op.f("ck_text_wordings_words_or_shipped")
        ),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_text_wordings_area_id")),
        sa.ForeignKeyConstraint(["written_by_id"], ["staff.id"], name=op.f("fk_text_wordings_written_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_text_wordings")),
        sa.UniqueConstraint("area_id", "key", "version", name=op.f("uq_text_wordings_area_id_key_version")),
        sa.UniqueConstraint("request_key", name=op.f("uq_text_wordings_request_key")),
    )
    op.create_table(
        "sms_consent_purposes",
        sa.Column("consent_id", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(["consent_id"], ["sms_consents.id"], name=op.f("fk_sms_consent_purposes_consent_id")),
        sa.PrimaryKeyConstraint("consent_id", "purpose", name=op.f("pk_sms_consent_purposes")),
    )
    # The words that were read until now named these and no others; what came later is asked for when it comes.
    for side, purposes in (("treatment", ("missed",)), ("support", ("appointment", "check_in"))):
        for purpose in purposes:
            op.execute(
                "INSERT INTO sms_consent_purposes (consent_id, purpose)"
                f" SELECT id, '{purpose}' FROM sms_consents WHERE side = '{side}'"
            )
    op.create_table(
        "sending_pauses",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("side", sa.String(length=12), nullable=False),
        sa.Column("paused_at", MOMENT, nullable=False),
        sa.Column("paused_by_id", sa.Integer(), nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("ended_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("side IN ('treatment', 'support')", name=op.f("ck_sending_pauses_side")),
        sa.CheckConstraint(
            "(ended_at IS NULL) = (ended_by_id IS NULL)", name=op.f("ck_sending_pauses_ended_by_somebody")
        ),
        sa.ForeignKeyConstraint(["ended_by_id"], ["staff.id"], name=op.f("fk_sending_pauses_ended_by_id")),
        sa.ForeignKeyConstraint(["paused_by_id"], ["staff.id"], name=op.f("fk_sending_pauses_paused_by_id")),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_sending_pauses_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sending_pauses")),
    )
    with op.batch_alter_table("sending_pauses", schema=None) as batch_op:
        batch_op.create_index(
            "uq_sending_pauses_standing",
            ["site_id", "side"],
            unique=True,
            sqlite_where=STANDING,
            postgresql_where=STANDING,
        )
    op.create_table(
        "text_blankings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("done_at", MOMENT, nullable=False),
        sa.Column("older_than", MOMENT, nullable=False),
        sa.Column("kept_days", sa.Integer(), nullable=False),
        sa.Column("texts_out", sa.Integer(), nullable=False),
        sa.Column("texts_in", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "texts_out >= 0 AND texts_in >= 0 AND texts_out + texts_in > 0", name=op.f("ck_text_blankings_something")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_text_blankings")),
    )
    with op.batch_alter_table("text_blankings", schema=None) as batch_op:
        batch_op.create_index("ix_text_blankings_done_at", ["done_at"], unique=False)
    op.create_table(
        "gateway_phone_checks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("item", sa.String(length=24), nullable=False),
        sa.Column("is_so", sa.Boolean(), nullable=False),
        sa.Column("checked_at", MOMENT, nullable=False),
        sa.Column("checked_by_id", sa.Integer(), nullable=False),
        sa.Column("request_key", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["checked_by_id"], ["staff.id"], name=op.f("fk_gateway_phone_checks_checked_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gateway_phone_checks")),
        sa.UniqueConstraint("request_key", "item", name=op.f("uq_gateway_phone_checks_request_key_item")),
    )
    with op.batch_alter_table("gateway_phone_checks", schema=None) as batch_op:
        batch_op.create_index("ix_gateway_phone_checks_item_id", ["item", "id"], unique=False)

    op.add_column("sms_consents", sa.Column("asked_how", sa.String(length=12), nullable=True))
    op.add_column("phone_numbers", sa.Column("wrong_at", MOMENT, nullable=True))
    op.add_column("installation", sa.Column("price_per_segment", sa.Integer(), nullable=True))
    op.add_column("installation", sa.Column("bodies_kept_days", sa.Integer(), server_default="90", nullable=False))
    for table, column in (("outbound_messages", "queued_at"), ("inbound_messages", "read_at")):
        op.create_index(f"ix_{table}_kept", table, [column], sqlite_where=HAS_BODY, postgresql_where=HAS_BODY)


def downgrade() -> None:
    for table in ("outbound_messages", "inbound_messages"):
        op.drop_index(f"ix_{table}_kept", table_name=table)
    op.drop_column("installation", "bodies_kept_days")
    op.drop_column("installation", "price_per_segment")
    op.drop_column("phone_numbers", "wrong_at")
    op.drop_column("sms_consents", "asked_how")
    op.drop_table("gateway_phone_checks")
    op.drop_table("text_blankings")
    op.drop_table("sending_pauses")
    op.drop_table("sms_consent_purposes")
    op.drop_table("text_wordings")
