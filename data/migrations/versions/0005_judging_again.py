"""What publishing needs of cases: who happened after an instant, who has a task grid, a place taken back."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Few cases happened later than now, and few have another task grid than their own: both indexes stay small.
    op.create_index(
        op.f("ix_cases_occurred_at"),
        "cases",
        ["occurred_at"],
        postgresql_using="brin",
        postgresql_with={"autosummarize": "on"},
    )
    op.create_index(
        op.f("ix_cases_task_grid_id"), "cases", ["task_grid_id"], postgresql_where="task_grid_id IS NOT NULL"
    )
    # The service deletes nothing. The one thing that it may take back is a place that the boundaries valid when the
    # case happened do not give: a partial scheme that ended there before, published while the case was on its way.
    op.execute(
        """
        CREATE FUNCTION retract_placements(of_scheme int, of_cases bigint[]) RETURNS void
        LANGUAGE sql SECURITY DEFINER SET search_path = public AS $$
            DELETE FROM placements p
            USING cases c, scheme_versions v
            WHERE p.scheme_id = of_scheme AND p.case_id = ANY(of_cases) AND c.id = p.case_id
                AND v.scheme_id = p.scheme_id AND v.valid @> c.occurred_at AND v.version > p.version
        $$
        """
    )
    op.execute("REVOKE EXECUTE ON FUNCTION retract_placements(int, bigint[]) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION retract_placements(int, bigint[]) TO gridkeeper_app")


def downgrade() -> None:
    op.execute("DROP FUNCTION retract_placements(int, bigint[])")
    op.drop_index(op.f("ix_cases_task_grid_id"), table_name="cases")
    op.drop_index(op.f("ix_cases_occurred_at"), table_name="cases")
