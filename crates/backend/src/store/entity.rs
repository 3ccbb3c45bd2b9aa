//! One file a table: its columns as the program sees them. The tables themselves are made in `migration`.

pub mod billing_customer;
pub mod device;
pub mod identity;
pub mod job;
pub mod job_result;
pub mod ledger_claim;
pub mod ledger_hold;
pub mod ledger_lot;
pub mod ledger_owner;
pub mod ledger_posting;
pub mod ledger_txn;
pub mod letter;
pub mod mail_link;
pub mod oauth_code;
pub mod order;
pub mod payment;
pub mod photo;
pub mod refund_request;
pub mod stripe_event;
pub mod subscription;
pub mod token;
pub mod upload;
pub mod user;

#[cfg(test)]
mod tests {
    /// A table that no entity names would be forgotten by the privacy export, and an entity without a table fails at its first use.
    #[test]
    fn entities_and_tables_are_the_same() {
        use super::*;
        use sea_orm::EntityName as _;
        let mut named = vec![
            billing_customer::Entity.table_name(),
            device::Entity.table_name(),
            identity::Entity.table_name(),
            job::Entity.table_name(),
            job_result::Entity.table_name(),
            ledger_claim::Entity.table_name(),
            ledger_hold::Entity.table_name(),
            ledger_lot::Entity.table_name(),
            ledger_owner::Entity.table_name(),
            ledger_posting::Entity.table_name(),
            ledger_txn::Entity.table_name(),
            letter::Entity.table_name(),
            mail_link::Entity.table_name(),
            oauth_code::Entity.table_name(),
            order::Entity.table_name(),
            payment::Entity.table_name(),
            refund_request::Entity.table_name(),
            stripe_event::Entity.table_name(),
            subscription::Entity.table_name(),
            photo::Entity.table_name(),
            token::Entity.table_name(),
            upload::Entity.table_name(),
            user::Entity.table_name(),
            // Written with plain statements only.
            "attempts",
            "billing_marks",
            "closed_books",
            "deletions",
            "export_parts",
            "exports",
            "google_flows",
            "ledger_accounts",
            "ledger_comparisons",
            "policies",
            "policy_acceptances",
            "tombstones",
            "usage_counts",
            "change_heads",
            "changes",
            "doomed_objects",
            "provider_states",
            "returned_addresses",
            "service_mode",
            "upload_parts",
        ];
        let mut made: Vec<&str> = crate::store::migration::ALL
            .iter()
            .flat_map(|step| step.both.split("CREATE TABLE ").skip(1))
            .filter_map(|rest| rest.split_whitespace().next())
            .collect();
        named.sort_unstable();
        made.sort_unstable();
        assert_eq!(named, made);
    }
}
