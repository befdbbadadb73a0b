//! The protocol's base: messages with their headers, from a stream and to one.
//!
//! Origin: the Language Server Protocol 3.17, "Base Protocol". A message that cannot be read is
//! answered with an error, and the next one is read.

use futures::{FutureExt, SinkExt, StreamExt};
use serde_json::Value;
use std::panic::AssertUnwindSafe;
use std::time::Duration;
use tokio::io::{
    AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader,
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tower::Service;
use tower_lsp::jsonrpc::{Error, Id, Request, Response};
use tower_lsp::{ClientSocket, LanguageServer, LspService};

/// The longest message that is read, in bytes.
const LONGEST_MESSAGE: usize = 256 << 20;

/// The longest line of a header.
const LONGEST_HEADER: u64 = 4096;

/// How long the end waits for an editor that reads no more.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What goes out.
enum Out {
    Message(String),
    End,
}

/// Serves until `exit`, or until nothing more comes in.
pub(super) async fn run<S: LanguageServer>(
    input: impl AsyncRead + Unpin,
    output: impl AsyncWrite + Unpin + Send + 'static,
    service: &mut LspService<S>,
    socket: ClientSocket,
) {
    let (out, queue) = unbounded_channel();
    let writer = tokio::spawn(write(output, queue));
    let (mut requests, mut answers) = socket.split();
    let to_client = out.clone();
    let asking = tokio::spawn(async move {
        while let Some(request) = requests.next().await {
            send(&to_client, serde_json::to_string(&request));
        }
    });
    let mut input = BufReader::new(input);
    while let Some(body) = next(&mut input, &out).await {
        match read(&body) {
            Ok(Incoming::Request(request)) => {
                let last = request.method() == "exit";
                call(service, request, &out).await;
                if last {
                    break;
                }
            }
            Ok(Incoming::Response(response)) => {
                if answers.send(response).await.is_err() {
                    break;
                }
            }
            Err(error) => complain(&out, error),
        }
    }
    asking.abort();
    let _ = out.send(Out::End);
    // An editor that has gone reads no last words.
    let _ = tokio::time::timeout(LAST_WORDS, writer).await;
}

enum Incoming {
    Request(Request),
    Response(Response),
}

fn read(body: &[u8]) -> Result<Incoming, Error> {
    let value: Value = serde_json::from_slice(body).map_err(|_| Error::parse_error())?;
    let read = match value.get("method") {
        Some(_) => serde_json::from_value(value).map(Incoming::Request),
        None => serde_json::from_value(value).map(Incoming::Response),
    };
    read.map_err(|_| Error::invalid_request())
}

/// Begins to answer. What a handler does before it first waits is done when this returns, so that
/// changes are applied in the order in which they came.
async fn call<S: LanguageServer>(
    service: &mut LspService<S>,
    request: Request,
    out: &UnboundedSender<Out>,
) {
    let alone = request.method() == "initialize";
    let mut answer = service.call(request);
    let first = match alone {
        true => AssertUnwindSafe(&mut answer).catch_unwind().await.map(Some),
        false => std::panic::catch_unwind(AssertUnwindSafe(|| (&mut answer).now_or_never())),
    };
    match first {
        Ok(Some(Ok(Some(response)))) => send(out, serde_json::to_string(&response)),
        Ok(Some(_)) | Err(_) => {}
        Ok(None) => {
            let out = out.clone();
            tokio::spawn(async move {
                if let Ok(Some(response)) = answer.await {
                    send(&out, serde_json::to_string(&response));
                }
            });
        }
    }
}

/// Answers what is no message.
fn complain(out: &UnboundedSender<Out>, error: Error) {
    send(out, serde_json::to_string(&Response::from_parts(Id::Null, Err(error))));
}

fn send(out: &UnboundedSender<Out>, message: serde_json::Result<String>) {
    if let Ok(text) = message {
        // Nobody reads any more at the end.
        let _ = out.send(Out::Message(text));
    }
}

async fn write(mut output: impl AsyncWrite + Unpin, mut queue: UnboundedReceiver<Out>) {
    while let Some(Out::Message(text)) = queue.recv().await {
        let message = format!("Content-Length: {}\r\n\r\n{text}", text.len());
        if output.write_all(message.as_bytes()).await.is_err() || output.flush().await.is_err() {
            return;
        }
    }
}

/// The body of the next message; none at the end of the stream.
async fn next(
    input: &mut (impl AsyncBufRead + Unpin),
    out: &UnboundedSender<Out>,
) -> Option<Vec<u8>> {
    let length = length(input, out).await?;
    if length > LONGEST_MESSAGE {
        // Who is so wrong about a length cannot be followed any further.
        complain(out, Error::invalid_request());
        return None;
    }
    let mut body = Vec::new();
    let read = input.take(length as u64).read_to_end(&mut body).await.ok()?;
    (read == length).then_some(body)
}

/// The length that the next header says. A header without one is complained about and skipped.
async fn length(
    input: &mut (impl AsyncBufRead + Unpin),
    out: &UnboundedSender<Out>,
) -> Option<usize> {
    let mut length = None;
    let mut garbage = false;
    loop {
        let mut line = Vec::new();
        let read = input.take(LONGEST_HEADER).read_until(b'\n', &mut line).await.ok()?;
        if read == 0 {
            return None;
        }
        let line = String::from_utf8_lossy(&line);
        match (line.trim(), length) {
            ("", Some(length)) => return Some(length),
            ("", None) => {
                if std::mem::take(&mut garbage) {
                    complain(out, Error::parse_error());
                }
            }
            (line, _) => match line.split_once(':') {
                Some((name, value)) if name.trim().eq_ignore_ascii_case("content-length") => {
                    length = value.trim().parse().ok();
                    garbage |= length.is_none();
                }
                Some(_) => garbage |= length.is_none() && !line.starts_with("Content-"),
                None => garbage = true,
            },
        }
    }
}
