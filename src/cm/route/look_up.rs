//! Finds the route of a caller's path in the table, and the table's line of a route.

use super::path::{PathText, fill};
use super::table::{DECLARATIONS, Declaration, address};
use super::{Method, Route, RouteError};
use uuid::Uuid;

impl Route {
    /// Reads a call: the path with or without [`VIRTUAL_DIRECTORY`](super::VIRTUAL_DIRECTORY) and in any letter case,
    /// the query without `?`.
    pub fn parse(method: Method, path: &str, query: Option<&str>) -> Result<Self, RouteError> {
        let path = PathText::new(path).ok_or(RouteError::NotFound)?;
        let mut allowed = Vec::new();
        let mut missing = None;
        for declaration in DECLARATIONS {
            let Some(mut given) = declaration.patterns.iter().find_map(|pattern| path.matched(pattern)) else {
                continue;
            };
            if declaration.method != method {
                if !allowed.contains(&declaration.method) {
                    allowed.push(declaration.method);
                }
                continue;
            }
            given.add_query(declaration.parameters, query.unwrap_or_default())?;
            match declaration.parameters.iter().find(|(name, required)| *required && !given.has(name)) {
                Some((name, _)) => missing = missing.or(Some(*name)),
                None => return (declaration.read)(&given),
            }
        }
        match (missing, allowed.is_empty()) {
            (Some(name), _) => Err(RouteError::MissingParameter { name }),
            (None, false) => Err(RouteError::WrongMethod { allowed }),
            (None, true) => Err(RouteError::NotFound),
        }
    }

    /// Returns the verbs that a path is called with; none where there is nothing at the path.
    pub fn methods(path: &str) -> Vec<Method> {
        let Some(path) = PathText::new(path) else { return Vec::new() };
        let there = |declaration: &&Declaration| declaration.patterns.iter().any(|at| path.matched(at).is_some());
        let mut methods = Vec::new();
        for declaration in DECLARATIONS.iter().filter(there) {
            if !methods.contains(&declaration.method) {
                methods.push(declaration.method);
            }
        }
        methods
    }

    /// Returns the pattern that a client calls. It names the route in places, such as the log, where the parameters
    /// must not stand.
    pub fn pattern(&self) -> &'static str {
        address(self).1
    }

    /// Returns the verb.
    pub fn method(&self) -> Method {
        address(self).0
    }

    /// Says whether the call is made without a login: whoever makes a bearer token has none yet.
    pub fn is_without_login(&self) -> bool {
        *self == Self::ActivateBearer
    }

    /// Says whether the call or its answer bears a secret.
    pub fn bears_secret(&self) -> bool {
        let (method, pattern, _) = address(self);
        DECLARATIONS.iter().any(|line| line.secret && line.method == method && line.patterns.first() == Some(&pattern))
    }

    /// Returns the smart card that path or query names, if one does.
    pub fn card(&self) -> Option<Uuid> {
        let (_, _, parameters) = address(self);
        let named = parameters.into_iter().find(|(name, _)| *name == "smartcard");
        named.and_then(|(_, text)| text).and_then(|text| Uuid::parse_str(&text).ok())
    }

    /// Returns path and query after the virtual directory, percent-encoded; the text begins with a slash.
    pub fn path_and_query(&self) -> String {
        let (_, pattern, parameters) = address(self);
        fill(pattern, &parameters)
    }
}
