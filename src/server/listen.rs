//! Listening: TLS by default, bounds on connections, headers and waiting, and a stop that finishes what was begun.

use super::app::App;
use super::bound::Bounded;
use super::config::Config;
use super::identity::Shows;
use super::mail;
use super::operations;
use super::publication::{self, Publication};
use super::router;
use super::start::{self, StartError};
use super::upkeep::Upkeep;
use super::upstream;
use super::workflow::sweep;
use crate::store::{CountsSeen, Store};
use axum_server::Handle;
use axum_server::accept::NoDelayAcceptor;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use prometheus_client::metrics::gauge::Gauge;
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::Ordering;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::{oneshot, watch};

/// Bounds of the listener.
const MAX_CONNECTIONS: usize = 1024;
const MAX_WATCHERS: usize = 32;
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
const STOP_GRACE: Duration = Duration::from_secs(10);
const MAX_HEADERS: usize = 64;
const MAX_HEADER_BYTES: usize = 16 * 1024;

/// A CM server on a thread and runtime of its own.
pub struct Server;

/// What can be told once the server listens.
#[derive(Clone)]
pub struct Ready {
    store: Store,
    pub addr: SocketAddr,
    /// "https" or "http".
    pub scheme: &'static str,
    /// The CA's certificate, DER: what clients must trust.
    pub ca_certificate: Vec<u8>,
    /// Where the public files are to be had without TLS, if they are.
    pub publication: Option<SocketAddr>,
    /// Where health and metrics are to be had.
    pub operations: Option<SocketAddr>,
}

/// A server that listens; stopped by [`RunningServer::stop`], or when dropped.
pub struct RunningServer {
    pub addr: SocketAddr,
    /// "https" or "http".
    pub scheme: &'static str,
    /// The CA's certificate, DER: what clients must trust.
    pub ca_certificate: Vec<u8>,
    store: Store,
    /// Where the public files are to be had without TLS, if they are.
    pub publication: Option<SocketAddr>,
    /// Where health and metrics are to be had.
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
            run(config, async move { drop(stopped.await) }, move |ready| drop(tell.try_send(ready.clone())))
        });
        let thread = thread.map_err(StartError::Thread)?;
        match told.recv() {
            Ok(Ready { addr, scheme, ca_certificate, publication, operations, store }) => Ok(RunningServer {
                addr,
                scheme,
                ca_certificate,
                publication,
                operations,
                store,
                stop: Some(stop),
                thread: Some(thread),
            }),
            Err(mpsc::RecvError) => Err(joined(thread).err().unwrap_or(StartError::Died)),
        }
    }
}

impl RunningServer {
    /// How much work its store has done.
    pub fn counts(&self) -> CountsSeen {
        self.store.counts()
    }

    /// Stops accepting, finishes what was begun within ten seconds, and closes the store.
    pub fn stop(mut self) -> Result<(), StartError> {
        self.end()
    }

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

fn joined(thread: JoinHandle<Result<(), StartError>>) -> Result<(), StartError> {
    thread.join().unwrap_or(Err(StartError::Died))
}

/// Serves until SIGTERM or SIGINT; `ready` is called once, when the server listens.
pub fn serve(config: Config, ready: impl FnOnce(&Ready)) -> Result<(), StartError> {
    run(config, stop_signal(), ready)
}

async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    match (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
        (Ok(mut terminate), Ok(mut interrupt)) => {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        }
        (Err(error), _) | (_, Err(error)) => {
            // Without handlers the signals end the process by themselves, and the store survives that.
            tracing::error!(%error, "signals cannot be caught");
            std::future::pending::<()>().await;
        }
    }
}

fn run(
    config: Config,
    stop: impl Future<Output = ()> + Send + 'static,
    ready: impl FnOnce(&Ready),
) -> Result<(), StartError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(StartError::Thread)?;
    let ended = runtime.block_on(listen(config, stop, ready));
    runtime.shutdown_timeout(STOP_GRACE);
    ended
}

async fn listen(
    config: Config,
    stop: impl Future<Output = ()> + Send + 'static,
    ready: impl FnOnce(&Ready),
) -> Result<(), StartError> {
    let started = start::open(config).await?;
    let app = Arc::new(started.app);
    let sweeping = tokio::spawn(sweep::watch(Arc::clone(&app)));
    let cannot = |source| StartError::Listen { addr: started.listen, source };
    let (listener, addr) = bound(started.listen)?;
    let operations = started.operations.map(bound).transpose()?;
    let operations_addr = operations.as_ref().map(|(_, addr)| *addr);
    let upkeep = Upkeep::begin(&app, started.audit_key, started.syslog, started.host);
    let handle = Handle::new();
    let publishing = Handle::new();
    let publication = match started.publication {
        None => None,
        Some(address) => {
            let listening = publication::listen(Arc::clone(&app), address, publishing.clone());
            Some(listening.map_err(|source| StartError::Listen { addr: address, source })?)
        }
    };
    let (stopping, ending) = ([handle.clone(), publishing], Arc::clone(&app));
    tokio::spawn(async move {
        stop.await;
        ending.stopping.store(true, Ordering::Relaxed);
        for handle in stopping {
            handle.graceful_shutdown(Some(STOP_GRACE));
        }
    });
    tokio::spawn(mail::run(Arc::clone(&app)));
    let (stop_keeping, stopped) = watch::channel(());
    let keepers = [
        tokio::spawn(Publication::keep(Arc::clone(&app), stopped.clone())),
        tokio::spawn(upstream::keep(Arc::clone(&app), stopped)),
    ];
    let watched = Handle::new();
    if let Some((listener, addr)) = operations {
        tokio::spawn(watch_on(listener, addr, watched.clone(), Arc::clone(&app)));
    }
    ready(&Ready {
        store: app.store.clone(),
        addr,
        scheme: if started.tls.is_some() { "https" } else { "http" },
        ca_certificate: app.ca_certificate.clone(),
        publication,
        operations: operations_addr,
    });
    let connections = app.metrics.connections();
    let served = match started.tls {
        None => {
            let acceptor = Bounded::new(NoDelayAcceptor::new(), MAX_CONNECTIONS, connections);
            let mut server = axum_server::from_tcp(listener).map_err(cannot)?.acceptor(acceptor).http1_only();
            bound_headers(server.http_builder());
            server.handle(handle).serve(router::service(Arc::clone(&app))).await
        }
        Some(tls) => {
            let acceptor = RustlsAcceptor::new(RustlsConfig::from_config(tls)).handshake_timeout(HANDSHAKE_TIMEOUT);
            let acceptor = Shows(acceptor.acceptor(NoDelayAcceptor::new()));
            let acceptor = Bounded::new(acceptor, MAX_CONNECTIONS, connections);
            let mut server = axum_server::from_tcp(listener).map_err(cannot)?.acceptor(acceptor).http1_only();
            bound_headers(server.http_builder());
            server.handle(handle).serve(router::service(Arc::clone(&app))).await
        }
    };
    drop(stop_keeping);
    for keeper in keepers {
        // One that waits for a CA elsewhere is left to the end of the runtime.
        let _ = tokio::time::timeout(STOP_GRACE, keeper).await;
    }
    upkeep.end().await;
    watched.shutdown();
    sweeping.abort();
    app.close().await;
    drop(started.lock);
    let unaudited = app.store.counts().unaudited;
    tracing::info!(unaudited, "stopped");
    served.map_err(cannot)?;
    if unaudited > 0 { Err(StartError::Unaudited(unaudited)) } else { Ok(()) }
}

fn bound(addr: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let bind = || {
        let listener = TcpListener::bind(addr)?;
        listener.set_nonblocking(true)?;
        let addr = listener.local_addr()?;
        Ok((listener, addr))
    };
    bind().map_err(|source| StartError::Listen { addr, source })
}

/// Serves those who watch the server.
async fn watch_on(listener: TcpListener, addr: SocketAddr, handle: Handle<SocketAddr>, app: Arc<App>) {
    let served = async {
        let acceptor = Bounded::new(NoDelayAcceptor::new(), MAX_WATCHERS, Gauge::default());
        let mut server = axum_server::from_tcp(listener)?.acceptor(acceptor).http1_only();
        bound_headers(server.http_builder());
        server.handle(handle).serve(operations::service(app)).await
    };
    if let Err(error) = served.await {
        tracing::error!(%error, %addr, "health and metrics are no longer to be had");
    }
}

/// Bounds what a head may hold, and how long it may take.
pub fn bound_headers(builder: &mut hyper_util::server::conn::auto::Builder<hyper_util::rt::TokioExecutor>) {
    builder
        .http1()
        .timer(hyper_util::rt::TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEADER_BYTES);
}
