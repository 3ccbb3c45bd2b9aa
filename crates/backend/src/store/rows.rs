//! Two small helpers for statements that the query builder would only make longer.

use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Statement, Value};

/// A statement with `$1`-style parameters, which both databases understand.
pub fn sql(
    connection: &impl ConnectionTrait,
    text: impl Into<String>,
    values: impl IntoIterator<Item = Value>,
) -> Statement {
    Statement::from_sql_and_values(connection.get_database_backend(), text, values)
}

#[derive(FromQueryResult)]
struct Count {
    n: i64,
}

/// The one number `n` that a statement selects (cast to BIGINT there).
///
/// # Errors
/// When the statement fails.
pub async fn count_of(
    connection: &impl ConnectionTrait,
    text: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<i64, DbErr> {
    let statement = sql(connection, text, values);
    Ok(Count::find_by_statement(statement).one(connection).await?.map_or(0, |row| row.n))
}
