//! What IIS, ASP.NET and what stands before them say about the routes beyond Microsoft's.

/// Names one way to say that there is no such route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absence {
    /// Web API's own words.
    Json404,
    /// The page of IIS.
    Page404,
    Page405,
    /// AD FS wants a login.
    Redirect302,
    Page403,
    Page500,
    /// A portal that answers every path.
    Page200,
    Empty200,
}

impl Absence {
    pub const ALL: [Self; 8] = [
        Self::Json404,
        Self::Page404,
        Self::Page405,
        Self::Redirect302,
        Self::Page403,
        Self::Page500,
        Self::Page200,
        Self::Empty200,
    ];

    /// Status, header lines and body.
    pub fn reply(self) -> (u16, &'static str, String) {
        const HTML: &str = "Content-Type: text/html\r\nServer: Microsoft-IIS/8.5\r\nX-Powered-By: ASP.NET\r\n";
        let page = |status: u16| (status, HTML, format!("<!DOCTYPE html><html><h2>{status} - IIS</h2></html>"));
        match self {
            Self::Json404 => {
                let body = "{\"Message\":\"No HTTP resource was found that matches the request URI.\"}";
                (404, "Content-Type: application/json; charset=utf-8\r\n", body.to_owned())
            }
            Self::Page404 => page(404),
            Self::Page405 => page(405),
            Self::Redirect302 => (302, "Location: https://adfs.example.test/adfs/ls/?wa=wsignin1.0\r\n", String::new()),
            Self::Page403 => page(403),
            Self::Page500 => page(500),
            Self::Page200 => page(200),
            Self::Empty200 => (200, "", String::new()),
        }
    }
}
