//! The models this stand-in offers, with the inputs and limits of the real ones that matter to a caller.

use serde_json::{Value, json};

use crate::enhance::OutputFormat;

/// A model.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Model {
    pub(crate) owner: &'static str,
    pub(crate) name: &'static str,
    /// 64 hexadecimal digits; `None` for an official model, which is called by its name.
    pub(crate) version: Option<&'static str>,
    /// Which input holds the photo.
    pub(crate) photo_input: &'static str,
    /// More input pixels than this make the prediction fail.
    pub(crate) most_pixels: Option<u64>,
    scale: Scale,
}

#[derive(Clone, Copy, Debug)]
enum Scale {
    /// A number in an input of this name, with a default and a maximum.
    Number { default: u32, most: u32 },
    /// `upscale_factor`: `None`, `2x`, `4x` or `6x`.
    Factor,
    /// Always the same.
    Fixed(u32),
}

/// The words of the real model's refusal are quoted in many products; callers match on them.
pub(crate) const REAL_ESRGAN_PIXELS: u64 = 2_096_704;

pub(crate) const MODELS: &[Model] = &[
    Model {
        owner: "nightmareai",
        name: "real-esrgan",
        version: Some("f0992969a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a01a1"),
        photo_input: "image",
        most_pixels: Some(REAL_ESRGAN_PIXELS),
        scale: Scale::Number { default: 4, most: 10 },
    },
    Model {
        owner: "tencentarc",
        name: "gfpgan",
        version: Some("0fbacf7aa1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a516c"),
        photo_input: "img",
        most_pixels: None,
        scale: Scale::Number { default: 2, most: 4 },
    },
    Model {
        owner: "topazlabs",
        name: "image-upscale",
        version: None,
        photo_input: "image",
        most_pixels: None,
        scale: Scale::Factor,
    },
    Model {
        owner: "recraft-ai",
        name: "recraft-crisp-upscale",
        version: None,
        photo_input: "image",
        most_pixels: Some(16_000_000),
        scale: Scale::Fixed(4),
    },
];

/// One thing that is wrong with an input.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct InvalidField {
    pub(crate) kind: &'static str,
    pub(crate) field: String,
    pub(crate) description: String,
}

impl Model {
    pub(crate) fn by_name(name: &str) -> Option<&'static Self> {
        MODELS.iter().find(|model| model.slug() == name)
    }

    /// By what a creation's `version` may be: `owner/name`, `owner/name:version` or a version.
    pub(crate) fn by_version(text: &str) -> Option<&'static Self> {
        match text.split_once(':') {
            Some((name, version)) => Self::by_name(name).filter(|model| model.version == Some(version)),
            None if text.contains('/') => Self::by_name(text).filter(|model| model.version.is_none()),
            None => MODELS.iter().find(|model| model.version == Some(text)),
        }
    }

    pub(crate) fn slug(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }

    /// How much larger, and in which format; or what is wrong.
    pub(crate) fn settings(&self, input: &Value) -> Result<(u32, OutputFormat), InvalidField> {
        let wrong = |kind, field: &str, description: String| InvalidField {
            kind,
            field: format!("input.{field}"),
            description,
        };
        if !input[self.photo_input].is_string() {
            return Err(wrong("required", self.photo_input, format!("{} is required", self.photo_input)));
        }
        let scale = match self.scale {
            Scale::Fixed(scale) => scale,
            Scale::Number { default, most } => match &input["scale"] {
                Value::Null => default,
                value => {
                    let number = value
                        .as_f64()
                        .ok_or_else(|| wrong("invalid_type", "scale", "Invalid type. Expected: number".into()))?;
                    if number > f64::from(most) {
                        return Err(wrong("number_lte", "scale", format!("Must be less than or equal to {most}")));
                    }
                    if number < 0.0 {
                        return Err(wrong("number_gte", "scale", "Must be greater than or equal to 0".into()));
                    }
                    // The range was checked, so the conversion keeps the value; 0 means "as it is".
                    (number.round() as u32).max(1)
                }
            },
            Scale::Factor => match input["upscale_factor"].as_str() {
                None if input["upscale_factor"].is_null() => 1,
                Some("None") => 1,
                Some("2x") => 2,
                Some("4x") => 4,
                Some("6x") => 6,
                _ => {
                    let text = "input.upscale_factor must be one of the following: \"None\", \"2x\", \"4x\", \"6x\"";
                    return Err(wrong("enum", "upscale_factor", text.into()));
                }
            },
        };
        let format = match input["output_format"].as_str() {
            Some("jpg") => OutputFormat::Jpeg,
            _ => OutputFormat::Png,
        };
        Ok((scale, format))
    }

    pub(crate) fn describe(&self) -> Value {
        let properties = match self.scale {
            Scale::Number { default, most } => json!({
                self.photo_input: { "type": "string", "format": "uri", "title": "Image", "x-order": 0 },
                "scale": { "type": "number", "default": default, "minimum": 0, "maximum": most, "x-order": 1 },
            }),
            Scale::Factor => json!({
                self.photo_input: { "type": "string", "format": "uri", "title": "Image", "x-order": 0 },
                "upscale_factor": { "enum": ["None", "2x", "4x", "6x"], "type": "string", "default": "None", "x-order": 1 },
                "output_format": { "enum": ["jpg", "png"], "type": "string", "default": "jpg", "x-order": 2 },
            }),
            Scale::Fixed(_) => {
                json!({ self.photo_input: { "type": "string", "format": "uri", "title": "Image", "x-order": 0 } })
            }
        };
        let schema = json!({
            "openapi": "3.0.2",
            "components": { "schemas": { "Input": { "type": "object", "required": [self.photo_input], "properties": properties } } },
        });
        json!({
            "url": format!("https://replicate.com/{}", self.slug()), "owner": self.owner, "name": self.name,
            "description": "A stand-in of this name in a sandbox; it runs another picture operation.", "visibility": "public",
            "github_url": null, "paper_url": null, "license_url": null, "run_count": 1, "cover_image_url": null,
            "default_example": null, "is_official": self.version.is_none(),
            "latest_version": { "id": self.version.unwrap_or("hidden"), "created_at": "2026-01-01T00:00:00.000Z",
                "cog_version": "0.16.0", "openapi_schema": schema },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_are_found_the_three_ways_the_api_names_them() {
        let version = MODELS[0].version.unwrap();
        assert_eq!(version.len(), 64);
        assert!(Model::by_version(version).is_some());
        assert!(Model::by_version(&format!("nightmareai/real-esrgan:{version}")).is_some());
        assert!(Model::by_version("nightmareai/real-esrgan").is_none(), "only official models go by name");
        assert!(Model::by_version("topazlabs/image-upscale").is_some());
        assert!(Model::by_version("nobody/nothing").is_none());
    }

    #[test]
    fn inputs_are_checked() {
        let esrgan = &MODELS[0];
        let check = |input: Value| esrgan.settings(&input);
        assert_eq!(check(json!({"image": "u"})), Ok((4, OutputFormat::Png)));
        assert_eq!(check(json!({"image": "u", "scale": 2})), Ok((2, OutputFormat::Png)));
        assert_eq!(check(json!({"image": "u", "scale": 11})).unwrap_err().kind, "number_lte");
        assert_eq!(check(json!({"image": "u", "scale": "2"})).unwrap_err().kind, "invalid_type");
        assert_eq!(check(json!({"scale": 2})).unwrap_err().kind, "required");
        let topaz = Model::by_name("topazlabs/image-upscale").unwrap();
        assert_eq!(
            topaz.settings(&json!({"image": "u", "upscale_factor": "4x", "output_format": "jpg"})),
            Ok((4, OutputFormat::Jpeg))
        );
        assert_eq!(topaz.settings(&json!({"image": "u", "upscale_factor": "3x"})).unwrap_err().kind, "enum");
    }
}
