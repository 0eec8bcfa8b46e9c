//! Gathers the schemas that have a name, so that each stands in the description once.

use serde_json::{Map, Value, json};

/// Holds the schemas by their titles.
#[derive(Default)]
pub struct Components(Map<String, Value>);

/// Refers to the schema of this name.
pub fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

impl Components {
    /// Adds a schema under a name of its own.
    pub fn add(&mut self, name: &str, mut schema: Value) {
        self.gather_within(&mut schema);
        self.0.insert(name.to_owned(), schema);
    }

    /// Puts a reference in the place of each schema with a title, in all of a description's part. Where two schemas
    /// share a title, the second stays where it is.
    pub fn gather(&mut self, part: &mut Value) {
        self.gather_within(part);
        let Some(title) = title(part) else { return };
        match self.0.get(&title) {
            Some(known) if known != part => return,
            Some(_) => {}
            None => drop(self.0.insert(title.clone(), part.take())),
        }
        *part = reference(&title);
    }

    fn gather_within(&mut self, part: &mut Value) {
        match part {
            Value::Object(parts) => parts.values_mut().for_each(|part| self.gather(part)),
            Value::Array(parts) => parts.iter_mut().for_each(|part| self.gather(part)),
            _ => {}
        }
    }

    /// Returns all schemas by name.
    pub fn schemas(self) -> Value {
        Value::Object(self.0)
    }
}

/// Returns the title of an object's schema.
fn title(part: &Value) -> Option<String> {
    let is_schema = part.get("properties").is_some_and(Value::is_object);
    part.get("title").and_then(Value::as_str).filter(|_| is_schema).map(str::to_owned)
}
