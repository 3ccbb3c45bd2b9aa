//! Tells of bounces and complaints in the shape of Amazon SNS.
//!
//! SNS signs with a certificate of Amazon's. The sandbox cannot, so it signs the same text with HMAC-SHA256 under its own
//! secret and says so in `SignatureVersion`; a receiver must take that version in a sandbox only.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use subtle::ConstantTimeEq;

use super::{Mail, Postbox};
use crate::clock::rfc3339;
use crate::delivery::{Outgoing, Signing};
use crate::faults::Service;
use crate::locked;
use crate::signing::hmac_sha256;

const TOPIC: &str = "arn:aws:sns:sandbox:000000000000:pretty-sandbox-mail";
const VERSION: &str = "sandbox-hmac-sha256";

impl Postbox {
    pub(super) fn notify(&self, mail: &Mail, recipient: &str, kind: &str) {
        let Some(url) = locked(&self.inner.state).notification_url.clone() else { return };
        let common = &self.inner.common;
        let now = rfc3339(common.clock.micros());
        let about = json!({
            "timestamp": rfc3339(mail.at_unix_micros), "source": mail.from, "sourceArn": "arn:aws:ses:sandbox:000000000000:identity/sandbox",
            "messageId": mail.id, "destination": mail.to,
        });
        let feedback = common.ids.lower("0100", 28);
        let message = if kind == "Bounce" {
            json!({
                "notificationType": "Bounce",
                "bounce": {
                    "bounceType": "Permanent", "bounceSubType": "General", "timestamp": now, "feedbackId": feedback,
                    "bouncedRecipients": [{ "emailAddress": recipient, "action": "failed", "status": "5.1.1", "diagnosticCode": "smtp; 550 5.1.1 user unknown" }],
                },
                "mail": about,
            })
        } else {
            json!({
                "notificationType": "Complaint",
                "complaint": {
                    "complainedRecipients": [{ "emailAddress": recipient }], "timestamp": now, "feedbackId": feedback,
                    "complaintFeedbackType": "abuse",
                },
                "mail": about,
            })
        };
        let id = common.ids.lower("sandbox-", 32);
        let mut notification = json!({
            "Type": "Notification", "MessageId": id, "TopicArn": TOPIC, "Message": message.to_string(), "Timestamp": now,
            "SignatureVersion": VERSION, "SigningCertURL": "sandbox:hmac", "UnsubscribeURL": "sandbox:none",
        });
        let signature =
            hmac_sha256(self.inner.notification_secret.as_bytes(), &[sns_text_to_sign(&notification).as_bytes()]);
        notification["Signature"] = json!(STANDARD.encode(signature));
        let headers = BTreeMap::from([
            ("x-amz-sns-message-type".to_owned(), "Notification".to_owned()),
            ("x-amz-sns-message-id".to_owned(), id.clone()),
            ("x-amz-sns-topic-arn".to_owned(), TOPIC.to_owned()),
        ]);
        common.deliveries.send(Outgoing {
            service: Service::Ses,
            topic: kind.to_owned(),
            id,
            url,
            body: notification.to_string().into_bytes(),
            signing: Signing::Headers(headers),
        });
    }
}

/// The text that an SNS notification's signature covers: some of its fields, by name, a line each.
pub fn sns_text_to_sign(notification: &Value) -> String {
    let names = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"];
    let lines = names.iter().filter_map(|name| notification[*name].as_str().map(|value| format!("{name}\n{value}\n")));
    lines.collect()
}

/// Whether a notification was signed by a sandbox with this secret.
pub fn verify_sns_notification(secret: &str, notification: &Value) -> bool {
    let given = notification["Signature"].as_str().and_then(|text| STANDARD.decode(text).ok()).unwrap_or_default();
    let wanted = hmac_sha256(secret.as_bytes(), &[sns_text_to_sign(notification).as_bytes()]);
    notification["SignatureVersion"] == VERSION && bool::from(given.ct_eq(&wanted))
}
