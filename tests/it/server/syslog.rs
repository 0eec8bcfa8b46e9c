//! The log of acts, sent on.

use super::support::Lab;
use cardwright::server::{self, ExportFilter, SyslogTarget};
use std::io::Read;
use std::net::{TcpListener, UdpSocket};
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

fn sending_to(lab: &mut Lab, target: &str) {
    lab.stop();
    let path = lab.data().join("server.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let text = text.split("\n[audit.syslog]").next().unwrap();
    std::fs::write(&path, format!("{text}\n[audit.syslog]\ntarget = \"{target}\"\n")).unwrap();
    lab.start();
}

/// The messages of a stream with octet counting, and the numbers of their records.
fn numbers(mut bytes: &[u8]) -> Vec<u64> {
    let mut numbers = Vec::new();
    while !bytes.is_empty() {
        let blank = bytes.iter().position(|byte| *byte == b' ').unwrap();
        let length: usize = std::str::from_utf8(&bytes[..blank]).unwrap().parse().unwrap();
        numbers.push(number(&bytes[blank + 1..blank + 1 + length]));
        bytes = &bytes[blank + 1 + length..];
    }
    numbers
}

#[track_caller]
fn number(message: &[u8]) -> u64 {
    let text = std::str::from_utf8(message).unwrap();
    assert!(text.starts_with("<109>1 20"), "{text}");
    let fields: Vec<&str> = text.splitn(7, ' ').collect();
    assert_eq!((fields[2], fields[3]), ("localhost", "cardwright"), "{text}");
    let (data, record) = fields[6].split_once("] {").unwrap();
    let record: serde_json::Value = serde_json::from_str(&format!("{{{record}")).unwrap();
    assert_eq!(record["act"], fields[5]);
    let number = record["number"].as_u64().unwrap();
    assert!(data.starts_with("[cardwright@32473 chain=\"1\"") && data.contains(&format!("number=\"{number}\"")));
    number
}

#[test]
fn a_receiver_gets_every_act_also_those_it_was_away_for() {
    let mut lab = Lab::plain(|template| template);
    let alice = lab.user("alice", &[]);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = format!("tcp://{}", listener.local_addr().unwrap());
    sending_to(&mut lab, &target);
    lab.enrolled(&alice);
    let received = |listener: &TcpListener| {
        let mut bytes = Vec::new();
        listener.accept().unwrap().0.read_to_end(&mut bytes).unwrap();
        numbers(&bytes)
    };
    lab.stop();
    let first = received(&listener);
    let addr = listener.local_addr().unwrap();
    drop(listener);
    lab.start();
    lab.enrolled(&alice);
    lab.stop();
    let listener = TcpListener::bind(addr).unwrap();
    lab.start();
    lab.stop();
    let second = received(&listener);
    let all: Vec<u64> = first.iter().chain(&second).copied().collect();
    assert!(first.len() >= 5 && second.len() >= 4, "{first:?} {second:?}");
    assert_eq!(all, (1..=all.len() as u64).collect::<Vec<_>>());
}

#[test]
fn an_export_goes_to_datagrams_too() {
    let mut lab = Lab::plain(|template| template);
    let alice = lab.user("alice", &[]);
    lab.enrolled(&alice);
    lab.stop();
    let sent = |target: &str| {
        let target = SyslogTarget::try_from(target.to_owned()).unwrap();
        server::audit_export(&lab.data(), &ExportFilter::default(), Some(&target), std::io::sink()).unwrap()
    };
    let mut buffer = [0; 65_536];
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    udp.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let records = sent(&format!("udp://{}", udp.local_addr().unwrap()));
    let path = lab.directory.path().join("socket");
    let unix = UnixDatagram::bind(&path).unwrap();
    unix.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    for expected in 1..=records {
        let length = udp.recv(&mut buffer).unwrap();
        assert_eq!(number(&buffer[..length]), expected);
    }
    assert_eq!(sent(&format!("unix:{}", path.display())), records);
    for expected in 1..=records {
        let length = unix.recv(&mut buffer).unwrap();
        assert_eq!(number(&buffer[..length]), expected);
    }
    let nobody = SyslogTarget::try_from("unix:/nowhere/at/all".to_owned()).unwrap();
    assert!(server::audit_export(&lab.data(), &ExportFilter::default(), Some(&nobody), std::io::sink()).is_err());
    for wrong in ["", "host:514", "http://host:1", "udp://host", "tcp://host:port", "unix:relative"] {
        assert!(SyslogTarget::try_from(wrong.to_owned()).is_err(), "{wrong}");
    }
}
