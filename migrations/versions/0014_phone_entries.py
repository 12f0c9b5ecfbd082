"""entries of phones that worked without a signal

Revision ID: 0014
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op
import counseling.models.base


revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

WAITING_CODES = (
    "not_on_list", "unknown_ref", "not_in_scope", "support_ended", "form_unknown", "key_gone", "unreadable",
    "another_actor", "actor_unknown", "actor_may_not", "unknown_entry", "entry_replaced", "not_worked",
)
DISMISS_REASONS = ("duplicate", "mistake", "trial", "unreadable", "recorded_by_hand")


def one_of(column: str, words: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(word) for word in words)})"


def moment(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, counseling.models.base.UtcDateTime(timezone=True), nullable=nullable)


def number(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.Integer(), nullable=nullable)


def text(name: str, length: int, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.String(length=length), nullable=nullable)


def foreign(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}"))


def upgrade() -> None:
    tokens()
    entries()
    waiting_visits()
    details()
    help_numbers()


def tokens() -> None:
    op.create_table(
        "phone_tokens",
        number("id"),
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        number("staff_id"),
        number("role_id"),
        number("device_id"),
        moment("issued_at"),
        moment("expires_at"),
        moment("revoked_at", nullable=True),
        number("revoked_by_id", nullable=True),
        moment("heard_at", nullable=True),
        number("waiting"),
        moment("waiting_since", nullable=True),
        number("skew_seconds", nullable=True),
        moment("counted_from", nullable=True),
        number("counted"),
        sa.CheckConstraint("expires_at > issued_at", name=op.f("ck_phone_tokens_expires_later")),
        foreign("phone_tokens", "staff_id", "staff"),
        foreign("phone_tokens", "role_id", "staff_roles"),
        foreign("phone_tokens", "device_id", "devices"),
        foreign("phone_tokens", "revoked_by_id", "staff"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phone_tokens")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_phone_tokens_token_hash")),
    )
    op.create_index("ix_phone_tokens_staff_id_device_id", "phone_tokens", ["staff_id", "device_id"])
    op.create_index(op.f("ix_phone_tokens_role_id"), "phone_tokens", ["role_id"])


def entries() -> None:
    op.create_table(
        "phone_entries",
        number("id"),
        text("entry_id", 36),
        number("token_id"),
        text("kind", 12),
        text("actor", 64),
        number("written_by_id", nullable=True),
        moment("client_time"),
        number("offset_minutes"),
        moment("received_at"),
        number("skew_seconds"),
        number("form_version"),
        number("tries"),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        text("result", 12),
        sa.CheckConstraint(one_of("result", ("stored", "quarantined")), name=op.f("ck_phone_entries_result")),
        foreign("phone_entries", "token_id", "phone_tokens"),
        foreign("phone_entries", "written_by_id", "staff"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phone_entries")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_phone_entries_entry_id")),
    )
    op.create_index("ix_phone_entries_token_id_received_at", "phone_entries", ["token_id", "received_at"])


def waiting_visits() -> None:
    op.create_table(
        "waiting_visits",
        number("id"),
        text("ref", 16),
        number("entry_id", nullable=True),
        text("request_key", 32),
        number("site_id"),
        number("team_id", nullable=True),
        number("role_id", nullable=True),
        text("code", 16),
        sa.Column("said", sa.LargeBinary(), nullable=True),
        text("danger", 60),
        sa.Column("visited_on", sa.Date(), nullable=False),
        moment("happened_at"),
        moment("came_at"),
        text("state", 12),
        moment("decided_at", nullable=True),
        number("decided_by_id", nullable=True),
        text("reason", 16, nullable=True),
        number("contact_id", nullable=True),
        *(
            sa.CheckConstraint(condition, name=op.f(f"ck_waiting_visits_{name}"))
            for name, condition in {
                "state": one_of("state", ("waiting", "matched", "dismissed")),
                "code": one_of("code", WAITING_CODES),
                "reason": one_of("reason", DISMISS_REASONS),
                "decided_at_some_time": "(state = 'waiting') = (decided_at IS NULL)",
                "decided_by_somebody": "(state = 'waiting') = (decided_by_id IS NULL)",
                "dismissed_for_a_reason": "(state = 'dismissed') = (reason IS NOT NULL)",
            }.items()
        ),
        foreign("waiting_visits", "entry_id", "phone_entries"),
        foreign("waiting_visits", "site_id", "sites"),
        foreign("waiting_visits", "team_id", "outreach_teams"),
        foreign("waiting_visits", "role_id", "staff_roles"),
        foreign("waiting_visits", "decided_by_id", "staff"),
        foreign("waiting_visits", "contact_id", "outreach_contacts"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waiting_visits")),
        sa.UniqueConstraint("ref", name=op.f("uq_waiting_visits_ref")),
        sa.UniqueConstraint("request_key", name=op.f("uq_waiting_visits_request_key")),
    )
    op.create_index("ix_waiting_visits_site_id_state", "waiting_visits", ["site_id", "state"])
    op.create_index(op.f("ix_waiting_visits_entry_id"), "waiting_visits", ["entry_id"])


def details() -> None:
    op.create_table(
        "contact_details",
        sa.Column("contact_id", sa.Integer(), autoincrement=False, nullable=False),
        text("company", 8, nullable=True),
        text("group_key", 32, nullable=True),
        text("needs", 120),
        text("mood", 24, nullable=True),
        text("danger", 60),
        number("minutes", nullable=True),
        number("km", nullable=True),
        number("behalf_of_id", nullable=True),
        moment("said_at"),
        sa.CheckConstraint(one_of("company", ("family", "group")), name=op.f("ck_contact_details_company")),
        sa.CheckConstraint("minutes BETWEEN 1 AND 480", name=op.f("ck_contact_details_minutes")),
        sa.CheckConstraint("km BETWEEN 0 AND 500", name=op.f("ck_contact_details_km")),
        foreign("contact_details", "contact_id", "outreach_contacts"),
        foreign("contact_details", "behalf_of_id", "staff"),
        sa.PrimaryKeyConstraint("contact_id", name=op.f("pk_contact_details")),
    )
    op.create_index(op.f("ix_contact_details_group_key"), "contact_details", ["group_key"])
    op.create_index(op.f("ix_contact_details_behalf_of_id"), "contact_details", ["behalf_of_id"])


def help_numbers() -> None:
    op.create_table(
        "help_numbers",
        number("id"),
        number("area_id", nullable=True),
        text("number", 20),
        text("label", 80),
        text("signs", 60),
        text("source", 120),
        moment("added_at"),
        moment("approved_at", nullable=True),
        number("approved_by_id", nullable=True),
        moment("ended_at", nullable=True),
        number("ended_by_id", nullable=True),
        sa.CheckConstraint(
            "(approved_at IS NULL) = (approved_by_id IS NULL)", name=op.f("ck_help_numbers_approved_whole")
        ),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_by_id IS NULL)", name=op.f("ck_help_numbers_ended_whole")),
        foreign("help_numbers", "area_id", "areas"),
        foreign("help_numbers", "approved_by_id", "staff"),
        foreign("help_numbers", "ended_by_id", "staff"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_help_numbers")),
    )
    op.create_index(op.f("ix_help_numbers_area_id"), "help_numbers", ["area_id"])


def downgrade() -> None:
    for table in ("help_numbers", "contact_details", "waiting_visits", "phone_entries", "phone_tokens"):
        op.drop_table(table)
