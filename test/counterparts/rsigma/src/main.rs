//! rsigma's engine behind lines of JSON on standard input and output: one request a line, one answer a line.
//! Milliseconds are of processor time.
//!
//! | request | answer |
//! |---|---|
//! | `{"op":"load","paths":[folders or files],"extra":[rule texts]}` | ids that are loaded, what is refused and why, milliseconds, resident bytes before and after |
//! | `{"op":"events","file":path}`: a line is `{"logsource":{…},"event":{…}}` | how many |
//! | `{"op":"parse","count":n}` | milliseconds for serde_json over the text of the first n events |
//! | `{"op":"run","count":n,"routing":"none"|"subset"|"conflict","bloom":bool}` | milliseconds for n events on this thread, and matches |
//! | `{"op":"match","routing":…}` | per event with matches, its place and the ids |
//! | `{"op":"correlate"}` | milliseconds for all events through the correlation engine, firings, groups and resident bytes |

use std::fs;
use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use rsigma_eval::{CorrelationConfig, CorrelationEngine, Engine, EvaluationResult, JsonEvent, ProcessResultExt};
use rsigma_parser::{LogSource, SigmaCollection, parse_sigma_yaml};
use serde_json::{Value, json};

#[derive(Default)]
struct State {
    engine: Engine,
    collection: SigmaCollection,
    texts: Vec<String>,
    events: Vec<(LogSource, Value)>,
}

type Answer = Result<Value, String>;

fn main() {
    let mut state = State::default();
    let mut out = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let Ok(line) = line else { return };
        let answer = serde_json::from_str(&line)
            .map_err(|error| error.to_string())
            .and_then(|request: Value| answer(&mut state, &request))
            .unwrap_or_else(|error| json!({ "error": error }));
        if writeln!(out, "{answer}").and_then(|()| out.flush()).is_err() {
            return;
        }
    }
}

fn answer(state: &mut State, request: &Value) -> Answer {
    match request["op"].as_str() {
        Some("load") => load(state, request),
        Some("events") => read_events(state, text(request, "file")?),
        Some("parse") => Ok(parse(state, count(request))),
        Some("run") => run(state, request),
        Some("match") => matches(state, request),
        Some("correlate") => correlate(state),
        _ => Err("unknown op".into()),
    }
}

fn text<'a>(request: &'a Value, key: &str) -> Result<&'a str, String> {
    request[key].as_str().ok_or_else(|| format!("{key} is missing"))
}

fn count(request: &Value) -> usize {
    request["count"].as_u64().map_or(usize::MAX, |count| count as usize)
}

/// Reads and compiles every rule of the paths, and keeps those that rsigma takes. The time is from the files to an engine that is ready.
fn load(state: &mut State, request: &Value) -> Answer {
    let before = resident();
    let clock = Instant::now();
    let began = cpu(clock);
    let mut files = Vec::new();
    for path in request["paths"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        collect(Path::new(path), &mut files);
    }
    files.sort();
    let mut refused = Vec::new();
    let mut collection = SigmaCollection::default();
    let mut take = |name: String, text: Result<String, String>| {
        let parsed = text.and_then(|text| parse_sigma_yaml(&text).map_err(|error| error.to_string()));
        match parsed {
            Ok(read) => {
                for error in &read.errors {
                    refused.push(json!({ "rule": name, "reason": error.to_string() }));
                }
                collection.rules.extend(read.rules);
                collection.correlations.extend(read.correlations);
                collection.filters.extend(read.filters);
            }
            Err(reason) => refused.push(json!({ "rule": name, "reason": reason })),
        }
    };
    for file in &files {
        take(
            file.display().to_string(),
            fs::read_to_string(file).map_err(|error| error.to_string()),
        );
    }
    for (at, text) in request["extra"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .enumerate()
    {
        take(format!("extra {at}"), Ok(text.to_owned()));
    }
    let mut engine = Engine::new();
    for (at, error) in engine.add_rules(&collection.rules) {
        let rule = &collection.rules[at];
        refused.push(json!({ "rule": rule.id.as_deref().unwrap_or(&rule.title), "reason": error.to_string() }));
    }
    let ms = cpu(clock) - began;
    let loaded: Vec<Value> = engine.rules().iter().map(|rule| json!(rule.id)).collect();
    state.engine = engine;
    state.collection = collection;
    Ok(json!({ "loaded": loaded, "refused": refused, "ms": ms, "residentBefore": before, "resident": resident() }))
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(path) else {
        files.push(path.to_owned());
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else if is_rule(&path.to_string_lossy()) {
            files.push(path);
        }
    }
}

/// Cases lie beside their rules and are none.
fn is_rule(name: &str) -> bool {
    let stem = name.strip_suffix(".yml").or_else(|| name.strip_suffix(".yaml"));
    stem.is_some_and(|stem| !stem.ends_with(".cases"))
}

fn read_events(state: &mut State, file: &str) -> Answer {
    state.texts.clear();
    state.events.clear();
    for line in fs::read_to_string(file).map_err(|error| error.to_string())?.lines() {
        let mut read: Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
        let of = |key: &str| read["logsource"][key].as_str().map(str::to_owned);
        let source = LogSource {
            product: of("product"),
            service: of("service"),
            category: of("category"),
            ..Default::default()
        };
        let event = read["event"].take();
        state.texts.push(event.to_string());
        state.events.push((source, event));
    }
    Ok(json!({ "events": state.events.len() }))
}

fn parse(state: &State, count: usize) -> Value {
    let clock = Instant::now();
    let began = cpu(clock);
    for text in state.texts.iter().take(count) {
        std::hint::black_box(serde_json::from_str::<Value>(text).is_ok());
    }
    json!({ "ms": cpu(clock) - began })
}

type Evaluate = fn(&Engine, &JsonEvent, &LogSource) -> Vec<EvaluationResult>;

/// `subset`: what the rule names, the event has (Weir's own way). `conflict`: what both name is the same (what rsigma's figures use).
fn evaluator(request: &Value) -> Result<Evaluate, String> {
    match text(request, "routing")? {
        "none" => Ok(|engine, event, _| engine.evaluate(event)),
        "subset" => Ok(|engine, event, source| engine.evaluate_with_logsource(event, source)),
        "conflict" => Ok(|engine, event, source| engine.evaluate_pruned(event, source)),
        other => Err(format!("unknown routing {other}")),
    }
}

fn run(state: &mut State, request: &Value) -> Answer {
    let evaluate = evaluator(request)?;
    state.engine.set_bloom_prefilter(request["bloom"].as_bool().unwrap_or(false));
    let events: Vec<(JsonEvent, &LogSource)> = state
        .events
        .iter()
        .take(count(request))
        .map(|(source, event)| (JsonEvent::borrow(event), source))
        .collect();
    let clock = Instant::now();
    let began = cpu(clock);
    let mut matches = 0;
    for (event, source) in &events {
        matches += std::hint::black_box(evaluate(&state.engine, event, source)).len();
    }
    Ok(json!({ "ms": cpu(clock) - began, "matches": matches }))
}

fn matches(state: &State, request: &Value) -> Answer {
    let evaluate = evaluator(request)?;
    let mut found = Vec::new();
    for (at, (source, event)) in state.events.iter().enumerate() {
        let ids: Vec<Value> = evaluate(&state.engine, &JsonEvent::borrow(event), source)
            .iter()
            .map(|result| json!(result.header.rule_id))
            .collect();
        if !ids.is_empty() {
            found.push(json!([at, ids]));
        }
    }
    Ok(json!({ "matches": found }))
}

/// Every event goes through detection and correlation, at the time that its `eventTime` (epoch seconds) says.
fn correlate(state: &State) -> Answer {
    let before = resident();
    let config = CorrelationConfig {
        max_state_entries: usize::MAX,
        ..Default::default()
    };
    let mut engine = CorrelationEngine::new(config);
    engine.add_collection(&state.collection).map_err(|error| error.to_string())?;
    let events: Vec<(JsonEvent, i64)> = state
        .events
        .iter()
        .map(|(_, event)| (JsonEvent::borrow(event), event["eventTime"].as_i64().unwrap_or(0)))
        .collect();
    let clock = Instant::now();
    let began = cpu(clock);
    let mut fired = 0;
    for (event, time) in &events {
        fired += std::hint::black_box(engine.process_event_at(event, *time)).correlation_count();
    }
    let ms = cpu(clock) - began;
    Ok(json!({ "ms": ms, "fired": fired, "groups": engine.state_count(), "residentBefore": before, "resident": resident() }))
}

/// Milliseconds that this thread has had of a processor, so that a busy machine does not count; of the clock where there is no /proc.
fn cpu(clock: Instant) -> f64 {
    let spent = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = spent.split_whitespace().next().and_then(|first| first.parse::<f64>().ok());
    nanoseconds.map_or_else(|| clock.elapsed().as_secs_f64() * 1000.0, |all| all / 1e6)
}

/// Resident bytes of this process, 0 where there is no /proc.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
    line.split_whitespace()
        .nth(1)
        .and_then(|kb| kb.parse::<u64>().ok())
        .unwrap_or(0)
        * 1024
}
