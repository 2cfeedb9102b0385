// The smallest extension in Rust that does its part of the protocol: registers, subscribes, reads what telemetry comes, throws it away, asks for
// the next event. Its standard library alone: HTTP as it is written on the wire.
use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::exit;
use std::thread;

fn call(api: &str, method: &str, path: &str, headers: &str, body: &str) -> String {
    let answer = TcpStream::connect(api).and_then(|mut socket| {
        let length = body.len();
        let head = format!("{method} {path} HTTP/1.1\r\nHost: {api}\r\n{headers}\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n");
        socket.write_all((head + body).as_bytes())?;
        let mut answer = String::new();
        socket.read_to_string(&mut answer)?;
        Ok(answer)
    });
    answer.unwrap_or_else(|_| exit(1))
}

fn header(line: &str, name: &str) -> Option<String> {
    let (key, value) = line.split_once(':')?;
    key.eq_ignore_ascii_case(name).then(|| value.trim().to_string())
}

fn forget(socket: TcpStream) -> std::io::Result<()> {
    let mut answers = socket.try_clone()?;
    let mut requests = BufReader::new(socket);
    let mut length = 0;
    loop {
        let mut line = String::new();
        if requests.read_line(&mut line)? == 0 {
            return Ok(());
        }
        if let Some(value) = header(&line, "content-length") {
            length = value.parse().unwrap_or(0);
        }
        if line == "\r\n" {
            std::io::copy(&mut (&mut requests).take(length), &mut std::io::sink())?;
            answers.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")?;
        }
    }
}

fn main() {
    let api = env::var("AWS_LAMBDA_RUNTIME_API").unwrap_or_else(|_| exit(1));
    let program = env::args().next().unwrap_or_default();
    let name = program.rsplit('/').next().unwrap_or_default();
    let managed = env::var("AWS_LAMBDA_INITIALIZATION_TYPE").is_ok_and(|kind| kind == "lambda-managed-instances");
    let events = if managed { r#"{"events":["SHUTDOWN"]}"# } else { r#"{"events":["INVOKE","SHUTDOWN"]}"# };
    let registered = call(&api, "POST", "/2020-01-01/extension/register", &format!("Lambda-Extension-Name: {name}"), events);
    let id = registered.lines().find_map(|line| header(line, "lambda-extension-identifier")).unwrap_or_else(|| exit(1));
    let own = format!("Lambda-Extension-Identifier: {id}");

    let listener = TcpListener::bind("127.0.0.1:0").unwrap_or_else(|_| exit(1));
    let port = listener.local_addr().map(|address| address.port()).unwrap_or_else(|_| exit(1));
    thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            thread::spawn(move || forget(socket));
        }
    });
    let subscription = format!(
        r#"{{"schemaVersion":"2025-01-29","types":["platform","function"],"buffering":{{"maxItems":1000,"maxBytes":262144,"timeoutMs":25}},"destination":{{"protocol":"HTTP","URI":"http://127.0.0.1:{port}"}}}}"#
    );
    call(&api, "PUT", "/2022-07-01/telemetry", &own, &subscription);
    while !call(&api, "GET", "/2020-01-01/extension/event/next", &own, "").contains("SHUTDOWN") {}
}
