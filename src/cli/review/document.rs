//! Shows a request, to people and to scripts.

use crate::cli::failure::Failure;
use crate::cli::output::{Output, Text, date};
use crate::cm::next::next;
use crate::cm::request::Request;
use crate::enrollment::own_words;
use aws_lc_rs::digest::{SHA256, digest};
use serde_json::{Value, json};

/// Returns a request as scripts get it; without the driver's tag in the comment.
pub fn document(request: &Request) -> Value {
    json!({
        "request": request.uuid,
        "type": format!("{:?}", request.request_type),
        "status": format!("{:?}", request.status),
        "originator": request.originator,
        "target": request.target,
        "submitted": date(request.submitted),
        "completed": request.completed.map(date),
        "priority": request.priority,
        "comment": own_words(&request.comment),
        "profile_template": request.profile_template,
        "new_smartcard": request.new_smartcard,
        "old_smartcard": request.old_smartcard,
        "new_profile": request.new_profile,
        "old_profile": request.old_profile,
        "seen": mark(request),
        "next": next(request),
        "data": request.data_collection.iter().map(|d| json!({ "name": d.name, "value": d.value })).collect::<Vec<_>>(),
    })
}

/// Returns the mark of a request's data items: another one as soon as one of them is another.
pub fn mark(request: &Request) -> String {
    let items: Vec<_> = request.data_collection.iter().map(|item| (&item.name, &item.value)).collect();
    let whole = hex::encode(digest(&SHA256, json!(items).to_string().as_bytes()));
    whole.get(..16).unwrap_or_default().to_owned()
}

/// Prints a request.
pub fn show(request: &Request, output: &Output) -> Result<(), Failure> {
    let document = document(request);
    output.result(&document, || text_of(&document))
}

/// Writes the document of a request as lines for people, leaving out what is null.
pub fn text_of(document: &Value) -> Text {
    let lines = document.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
    lines.map(|(key, value)| format!("{:18}{}", key.replace('_', " "), plain(value))).collect()
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), String::from)
}
