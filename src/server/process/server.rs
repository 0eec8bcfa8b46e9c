//! Starts a server, serves until it is told to stop, and ends in order.
//!
//! In: a [`Config`]. Out: a server on a thread of its own ([`Server`]), or on this thread until a signal comes
//! ([`serve`]).
//! Absent: how a connection is accepted (`http::accept`), what runs beside the calls (`upkeep`).

use super::config::Config;
use super::error::StartError;
use super::start::{self, Opened};
use super::upkeep::{Upkeep, UpkeepParts};
use crate::platform::memory;
use crate::platform::signal::EndSignals;
use crate::server::http::accept::accept;
use crate::server::http::face::Face;
use crate::server::http::router::Serving;
use crate::store::{CountsSeen, Store};
use crate::web::listen::{self, STOP_GRACE, serve_until};
use axum_server::Handle;
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::Ordering;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use tokio::sync::oneshot;

/// Starts CM servers, each on a thread and runtime of its own.
pub struct Server;

/// Tells where a server listens, and which CA certificate its clients must trust.
#[derive(Clone)]
pub struct Ready {
    store: Store,
    /// Where calls are answered.
    pub addr: SocketAddr,
    /// "https" or "http".
    pub scheme: &'static str,
    /// The CA's certificate, DER: what clients must trust.
    pub ca_certificate: Vec<u8>,
    /// Where client certificates are asked for, if anywhere but there.
    pub certificates: Option<SocketAddr>,
    /// Where public files are served without TLS, if they are.
    pub publication: Option<SocketAddr>,
    /// Where health and metrics are served, if they are.
    pub operations: Option<SocketAddr>,
}

/// Holds a server that listens; it stops by [`RunningServer::stop`], or when dropped.
pub struct RunningServer {
    /// Where calls are answered.
    pub addr: SocketAddr,
    /// "https" or "http".
    pub scheme: &'static str,
    /// The CA's certificate, DER: what clients must trust.
    pub ca_certificate: Vec<u8>,
    store: Store,
    /// Where public files are served without TLS, if they are.
    pub publication: Option<SocketAddr>,
    /// Where health and metrics are served, if they are.
    pub operations: Option<SocketAddr>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<Result<(), StartError>>>,
}

impl Server {
    /// Starts a server on its own thread, and returns once it listens.
    pub fn start(config: Config) -> Result<RunningServer, StartError> {
        let (stop, stopped) = oneshot::channel();
        let (tell, told) = mpsc::sync_channel(1);
        let thread = std::thread::Builder::new().name("cardwright-server".into()).spawn(move || {
            run(config, None, || async { drop(stopped.await) }, move |ready| drop(tell.try_send(ready.clone())))
        });
        let thread = thread.map_err(StartError::Thread)?;
        match told.recv() {
            Ok(Ready { addr, scheme, ca_certificate, publication, operations, store, certificates: _ }) => {
                Ok(RunningServer {
                    addr,
                    scheme,
                    ca_certificate,
                    publication,
                    operations,
                    store,
                    stop: Some(stop),
                    thread: Some(thread),
                })
            }
            Err(mpsc::RecvError) => Err(joined(thread).err().unwrap_or(StartError::Died)),
        }
    }
}

impl RunningServer {
    /// Returns how much work the server's store has done.
    pub fn counts(&self) -> CountsSeen {
        self.store.counts()
    }

    /// Stops accepting, lets open calls finish for at most [`STOP_GRACE`], and closes the store.
    pub fn stop(mut self) -> Result<(), StartError> {
        self.end()
    }

    /// Tells the thread to stop and waits for it; does nothing the second time.
    fn end(&mut self) -> Result<(), StartError> {
        drop(self.stop.take());
        self.thread.take().map_or(Ok(()), joined)
    }
}

impl Drop for RunningServer {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            tracing::error!(%error, "the server did not stop cleanly");
        }
    }
}

/// Waits for the server's thread, and returns how it ended.
fn joined(thread: JoinHandle<Result<(), StartError>>) -> Result<(), StartError> {
    thread.join().unwrap_or(Err(StartError::Died))
}

/// Serves on this thread until SIGTERM or SIGINT, people by `face`; calls `ready` once, when the server listens and catches the
/// signals.
pub fn serve(config: Config, face: Arc<dyn Face>, ready: impl FnOnce(&Ready)) -> Result<(), StartError> {
    memory::return_large_blocks();
    run(config, Some(face), stop_signal, ready)
}

/// Catches SIGTERM and SIGINT from now on; the future ends with the first of them.
fn stop_signal() -> impl Future<Output = ()> {
    let signals = EndSignals::take_over();
    async {
        match signals {
            Ok(mut signals) => signals.comes().await,
            Err(error) => {
                // Without handlers the signals end the process by themselves, and the store survives that.
                tracing::error!(%error, "signals cannot be caught");
                std::future::pending::<()>().await;
            }
        }
    }
}

/// Serves on a runtime of its own until `stop` ends; `stop` is made within the runtime, once the server listens.
fn run<S: Future<Output = ()>>(
    config: Config,
    face: Option<Arc<dyn Face>>,
    stop: impl FnOnce() -> S,
    ready: impl FnOnce(&Ready),
) -> Result<(), StartError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(StartError::Thread)?;
    let ended = runtime.block_on(open_and_serve(config, face, stop, ready));
    runtime.shutdown_timeout(STOP_GRACE);
    ended
}

/// Opens everything, serves until `stop`, then ends in order: calls, tasks that write, tasks that follow the log, the
/// store.
async fn open_and_serve<S: Future<Output = ()>>(
    config: Config,
    face: Option<Arc<dyn Face>>,
    stop: impl FnOnce() -> S,
    ready: impl FnOnce(&Ready),
) -> Result<(), StartError> {
    let opened = start::open(config).await?;
    let (listener, addr) = bind(opened.listen)?;
    let (certificates, certificates_addr) = opened.certificates.map(bind).transpose()?.unzip();
    let (publication, publication_addr) = opened.publication.map(bind).transpose()?.unzip();
    let (operations, operations_addr) = opened.operations.map(bind).transpose()?.unzip();
    let stop = stop();
    let app = Arc::new(opened.app);
    let Opened { syslog, notices, host, directory, people, .. } = opened;
    let tls = opened.tls.clone();
    let face = face.filter(|_| opened.pages);
    let serving = Serving { app: Arc::clone(&app), face, certificates: certificates_addr.map(|addr| addr.port()) };
    let asking = tls.as_ref().and_then(|tls| tls.asking());
    let certificates = certificates.zip(asking).map(|(listener, tls)| (serving.clone(), listener, tls));
    let upkeep = Upkeep::begin(
        &app,
        UpkeepParts { syslog, notices, people, host, publication, certificates, operations, tls, directory },
    );
    ready(&Ready {
        store: app.store.clone(),
        addr,
        scheme: if opened.tls.is_some() { "https" } else { "http" },
        ca_certificate: app.ca_certificate.clone(),
        certificates: certificates_addr,
        publication: publication_addr,
        operations: operations_addr,
    });
    let handle = Handle::new();
    let stop = async {
        stop.await;
        app.stopping.store(true, Ordering::Relaxed);
        upkeep.close();
    };
    let served = serve_until(
        stop,
        &handle,
        accept(serving, listener, opened.tls.as_ref().map(|tls| tls.followed()), handle.clone()),
    )
    .await;
    upkeep.end(&app).await;
    if tokio::time::timeout(STOP_GRACE, app.close()).await.is_err() {
        tracing::warn!("the store was not closed in time; what was acknowledged is in it");
    }
    drop(opened.lock);
    let unaudited = app.store.counts().unaudited;
    tracing::info!(unaudited, "stopped");
    served.map_err(|source| StartError::Listen { addr: opened.listen, source })?;
    if unaudited > 0 { Err(StartError::Unaudited(unaudited)) } else { Ok(()) }
}

/// Binds an address; returns the listener and its actual address.
fn bind(addr: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    listen::bind(addr).map_err(|source| StartError::Listen { addr, source })
}
