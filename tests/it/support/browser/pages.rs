//! Small pages for the proof, served under the policy that the program's own pages have.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

pub const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                          form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// A page in which nobody finds a fault: its heading, and what stands below.
pub fn page(body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Cards</title><link rel=\"icon\" href=\"data:,\">\
         <meta name=\"viewport\" content=\"width=device-width\"><link rel=\"stylesheet\" href=\"/style.css\">\
         <script src=\"/script.js\" defer></script></head><body><main><h1>Cards</h1>{body}</main></body></html>"
    )
}

const STYLE: &str = "body { background: #fff; color: #111 } .faint { color: #ccc } .wide { width: 500px } .tall { height: 3000px } \
                     .bare { outline: none } .lid { position: fixed; inset: 0; background: #fff } .small { font-size: 8px } \
                     @media (prefers-color-scheme: dark) { body { background: #000; color: #eee } } \
                     @media print { .aside { display: none } }";

const SCRIPT: &str = "const ran = document.getElementById('ran'); if (ran) ran.textContent = 'script ran'; \
                      const late = document.getElementById('late'); \
                      if (late) setTimeout(() => late.textContent = 'here at last', 300); \
                      if (document.getElementById('leaves')) setTimeout(() => location.assign('/sent'), 100);";

/// A server of pages by their paths; it answers until the process ends.
pub struct Pages {
    origin: String,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Pages {
    pub fn serve<const N: usize>(pages: [(&'static str, String); N]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let heads = Arc::<Mutex<Vec<String>>>::default();
        let seen = heads.clone();
        let pages = Arc::new(pages);
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                let (pages, seen) = (pages.clone(), seen.clone());
                // A browser opens connections before it needs them: each has a thread to wait in.
                std::thread::spawn(move || answer(connection?, &*pages, &seen));
            }
        });
        Self { origin, heads }
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// The head of the last request for a path.
    pub fn head(&self, path: &str) -> String {
        let line = format!("GET {path} ");
        self.heads.lock().unwrap().iter().rfind(|head| head.starts_with(&line)).unwrap().clone()
    }
}

fn answer(mut connection: TcpStream, pages: &[(&str, String)], seen: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let lines = BufReader::new(connection.try_clone()?).lines().map_while(Result::ok);
    let head = lines.take_while(|line| !line.is_empty()).map(|line| line + "\n").collect::<String>();
    let asked = head.split(' ').nth(1).unwrap_or_default();
    let path = asked.split('?').next().unwrap_or_default();
    let page = pages.iter().find(|(known, _)| *known == path).map(|(_, page)| page.as_str());
    let (status, kind, body) = match (path, page) {
        (_, Some(page)) => ("200 OK", "text/html", page.to_owned()),
        ("/style.css", None) => ("200 OK", "text/css", STYLE.to_owned()),
        ("/script.js", None) => ("200 OK", "text/javascript", SCRIPT.to_owned()),
        _ => ("404 Not Found", "text/html", page_not_found()),
    };
    seen.lock().unwrap().push(head.clone());
    let length = body.len();
    write!(
        connection,
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nContent-Security-Policy: {POLICY}\r\n\
         Connection: close\r\n\r\n{body}"
    )
}

fn page_not_found() -> String {
    page("<p>There is no such page.</p>")
}
