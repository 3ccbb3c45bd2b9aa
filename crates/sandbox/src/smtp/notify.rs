//! Tells of bounces and complaints as Amazon SES does through EventBridge and an API destination: one event a request, with a key in a header.

use std::collections::BTreeMap;

use serde_json::json;

use super::{Mail, Postbox};
use crate::clock::rfc3339;
use crate::delivery::{Outgoing, Signing};
use crate::faults::Service;
use crate::locked;

const IDENTITY: &str = "arn:aws:ses:us-east-1:000000000000:identity/sandbox.example";

impl Postbox {
    pub(super) fn notify(&self, mail: &Mail, recipient: &str, kind: &str) {
        let Some(url) = locked(&self.inner.state).notification_url.clone() else { return };
        let common = &self.inner.common;
        let now = rfc3339(common.clock.micros());
        let feedback = common.ids.lower("0100", 28);
        let mut detail = json!({
            "eventType": kind,
            "mail": {
                "timestamp": rfc3339(mail.at_unix_micros), "source": mail.from, "sourceArn": IDENTITY, "sendingAccountId": "000000000000",
                "messageId": mail.id, "destination": mail.to, "headersTruncated": false,
            },
        });
        let what = if kind == "Bounce" {
            detail["bounce"] = json!({
                "bounceType": "Permanent", "bounceSubType": "General", "timestamp": now, "feedbackId": feedback,
                "bouncedRecipients": [{ "emailAddress": recipient, "action": "failed", "status": "5.1.1", "diagnosticCode": "smtp; 550 5.1.1 user unknown" }],
            });
            "Email Bounced"
        } else {
            detail["complaint"] = json!({
                "complainedRecipients": [{ "emailAddress": recipient }], "timestamp": now, "feedbackId": feedback,
                "complaintFeedbackType": "abuse",
            });
            "Email Complaint Received"
        };
        let id = common.ids.lower("sandbox-", 32);
        let event = json!({
            "version": "0", "id": id, "detail-type": what, "source": "aws.ses", "account": "000000000000", "time": now,
            "region": "us-east-1", "resources": [IDENTITY], "detail": detail,
        });
        let headers = BTreeMap::from([("x-mail-events-key".to_owned(), self.inner.events_key.clone())]);
        common.deliveries.send(Outgoing {
            service: Service::Ses,
            topic: kind.to_owned(),
            id,
            url,
            body: event.to_string().into_bytes(),
            signing: Signing::Headers(headers),
        });
    }
}
