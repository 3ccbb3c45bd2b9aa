//! Characters that are no text, in everything that comes in: no database takes all of them, and no header does.
//!
//! PostgreSQL refuses a NUL even in what is only looked for. Whatever is asked with one is answered as other nonsense is, never with a fault of ours.

use crate::access::pages::{PAGES, words};
use crate::access::said::{Said, said, with_each_text_changed};
use crate::access::{routes, say, things};
use crate::support::{Answer, Browser, Lab, Shop};
use axum::body::Body;
use axum::http::Request;
use pretty_backend::settings::Secret;
use serde_json::json;

const ODD: [char; 3] = ['\0', '\u{1}', '\u{7f}'];

fn assert_no_fault(answer: &Answer, case: &str) {
    assert!(answer.status.as_u16() < 500, "{case}: {} {}", answer.status, answer.text);
}

on_both! {
    async fn in_every_field_of_every_page(database) {
        let shop = Shop::with(database, |settings| {
            settings.accounts.sign_in_per_account = 10_000;
            settings.accounts.sign_in_per_address = 10_000;
            settings.accounts.sign_up_per_address = 10_000;
            settings.accounts.mail_per_account = 10_000;
        }).await;
        let (mut words, mut tried) = (words(), 0);
        for page in PAGES {
            for at in 0..page.fields.len() {
                for odd in ODD {
                    // Some pages end the account or the sign-in.
                    tried += 1;
                    let person = shop.person(tried).await;
                    let mut browser = Browser::new(&shop.app);
                    browser.be(person.id).await;
                    if page.fields.iter().any(|(name, _)| *name == "age") {
                        words.insert("{age}", browser.age_answer().await);
                    }
                    let mut fields = page.filled(&words);
                    fields[at].1.push(odd);
                    let case = format!("{} {} with {odd:?} in {}", page.method, page.path, fields[at].0);
                    if page.is_form() {
                        fields.push(("csrf", browser.csrf().await));
                    }
                    let answer = page.ask(&mut browser, &words, &fields).await;
                    assert_no_fault(&answer, &case);
                    assert!(!answer.header("location").contains("%00"), "{case}: {}", answer.header("location"));
                }
            }
        }
        assert!(tried > 150, "{tried} requests");
        shop.letters().await;
    }
}

on_both! {
    async fn an_address_with_a_nul_is_nobody_s_and_costs_as_much(database) {
        let shop = Shop::open(database).await;
        for email in ["a\0", "\0", "mara@example.org\0", "a\u{1}@example.org"] {
            let mut browser = Browser::new(&shop.app);
            let answer = browser.sign_in(email, "not the password 12").await;
            assert_eq!(answer.status, 403, "{email:?}: {}", answer.text);
            assert!(answer.text.contains("The email or the password is not right."), "{email:?}: {}", answer.text);
        }
        // Where to go on is asked for without it, and kept nowhere with it.
        let mut browser = Browser::new(&shop.app);
        for path in ["/sign-in", "/sign-up"] {
            for odd in ["%00", "%01", "%7F", "%C3%A9", "%20"] {
                let page = browser.get(&format!("{path}?return_to=/oauth/authorize?x{odd}")).await;
                assert!(page.status == 200 && !page.text.contains("name=\"return_to\""), "{path} {odd}: {}", page.text);
            }
        }
        // Also on the way to Google, where it waits, and on the way back.
        let begun = browser.get("/google?return_to=/oauth/authorize?%00").await;
        let url = url::Url::parse(begun.header("location")).unwrap();
        let state = url.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
        assert_eq!(browser.get(&format!("/google/callback?state={state}&code=%00")).await.status, 403);
    }
}

on_both! {
    async fn in_every_text_that_a_program_sends(database) {
        let lab = Lab::with(database, |settings| settings.mail.events_key = Secret::new("twenty characters or more")).await;
        let mara = lab.member("mara@example.org", 100).await;
        let things = things(&lab, &mara).await;
        let mut tried = 0;
        for route in routes(&lab).await.iter().filter(|route| route.secured) {
            for odd in ODD {
                let case = format!("{} {} with {odd:?}", route.method, route.path);
                if let Said::Json(body) = said(route, &things) {
                    for body in with_each_text_changed(&body, &|text| format!("{text}{odd}")) {
                        tried += 1;
                        let answer = say(&lab, route, &things, Some(&mara.token), Said::Json(body.clone())).await;
                        assert_no_fault(&answer, &format!("{case}: {body}"));
                    }
                }
                let odd: String = url::form_urlencoded::byte_serialize(&[odd as u8]).collect();
                let path = |id: &str| route.path.replace("{id}", id);
                for name in &route.query {
                    let path = format!("{}?{name}=1{odd}", path("01900000-0000-7000-8000-000000000001"));
                    assert_no_fault(&lab.app.api(&route.method, &path, Some(&mara.token), None).await, &case);
                }
                if route.has_owner() {
                    let answer = lab.app.api(&route.method, &path(&odd), Some(&mara.token), None).await;
                    assert_no_fault(&answer, &case);
                }
            }
        }
        assert!(tried > 40, "{tried} bodies");
        let forms: [(&str, &[(&str, &str)]); 3] = [
            ("/oauth/token", &[
                ("grant_type", "authorization_code"),
                ("client_id", "aspretty-desktop"),
                ("code", "apac_none"),
                ("redirect_uri", "http://127.0.0.1:1/callback"),
                ("code_verifier", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            ]),
            ("/oauth/token", &[("grant_type", "refresh_token"), ("refresh_token", "aprt_none")]),
            ("/oauth/revoke", &[("token", "aprt_none")]),
        ];
        for (path, fields) in forms {
            for at in 0..fields.len() {
                for odd in ODD {
                    let text = format!("{}{odd}", fields[at].1);
                    let mut fields = fields.to_vec();
                    fields[at].1 = &text;
                    assert_no_fault(&lab.app.form(path, &fields).await, &format!("{path} {fields:?}"));
                }
            }
        }
        let told = json!({"detail": {
            "eventType": "Bounce",
            "bounce": {"bounceType": "Permanent", "bouncedRecipients": [{"emailAddress": "mara@example.org"}]},
        }});
        for odd in ODD {
            for body in with_each_text_changed(&told, &|text| format!("{text}{odd}")) {
                let request = Request::post("/v1/webhooks/mail")
                    .header("content-type", "application/json")
                    .header("x-mail-events-key", "twenty characters or more")
                    .body(Body::from(body.to_string()))
                    .unwrap();
                assert_eq!(lab.app.send(request).await.status, 204, "{body}");
            }
        }
    }
}
