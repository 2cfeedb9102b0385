//! rsigma behind the protocol of packages/sigma/conformance: one question a line on standard input, one answer a line on standard output.

use std::io::{self, BufRead, Write};

use rsigma_eval::{CorrelationConfig, CorrelationEngine, Engine, JsonEvent, Pipeline, parse_pipeline};
use rsigma_parser::{LogSource, SigmaCollection, parse_sigma_yaml};
use serde_json::{Value, json};

fn main() {
    let mut out = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let Ok(line) = line else { return };
        let question: Value = serde_json::from_str(&line).unwrap_or_default();
        let mut answer = answer(&question).unwrap_or_else(|reason| json!({ "refused": reason }));
        answer["id"] = question["id"].clone();
        if writeln!(out, "{answer}").and_then(|()| out.flush()).is_err() {
            return;
        }
    }
}

fn answer(question: &Value) -> Result<Value, String> {
    let collection = parse_sigma_yaml(question["rules"].as_str().unwrap_or_default()).map_err(|error| error.to_string())?;
    if let Some(error) = collection.errors.first() {
        return Err(error.to_string());
    }
    let pipeline = placeholders(&question["placeholders"])?;
    let events = question["events"].as_array().map(Vec::as_slice).unwrap_or_default();
    if collection.correlations.is_empty() { detect(&collection, pipeline, events) } else { correlate(&collection, events) }
}

/// Placeholder lists are variables of a processing pipeline, as in pySigma.
fn placeholders(lists: &Value) -> Result<Option<Pipeline>, String> {
    if lists.as_object().is_none_or(|lists| lists.is_empty()) {
        return Ok(None);
    }
    // JSON is YAML.
    let text = json!({ "name": "placeholders", "vars": lists, "transformations": [{ "type": "value_placeholders" }] }).to_string();
    parse_pipeline(&text).map(Some).map_err(|error| error.to_string())
}

fn detect(collection: &SigmaCollection, pipeline: Option<Pipeline>, events: &[Value]) -> Result<Value, String> {
    let mut engine = Engine::new();
    if let Some(pipeline) = pipeline {
        engine.add_pipeline(pipeline);
    }
    engine.add_collection(collection).map_err(|error| error.to_string())?;
    let matches: Vec<Vec<String>> = events
        .iter()
        .map(|event| {
            let of = |key: &str| event["logsource"][key].as_str().map(str::to_owned);
            let source = LogSource { product: of("product"), service: of("service"), category: of("category"), ..Default::default() };
            let found = engine.evaluate_with_logsource(&JsonEvent::borrow(&event["record"]), &source);
            found.into_iter().map(|result| result.header.rule_title).collect()
        })
        .collect();
    Ok(json!({ "matches": matches }))
}

fn correlate(collection: &SigmaCollection, events: &[Value]) -> Result<Value, String> {
    let mut engine = CorrelationEngine::new(CorrelationConfig::default());
    engine.add_collection(collection).map_err(|error| error.to_string())?;
    let mut findings = Vec::new();
    let mut matches = Vec::new();
    for event in events {
        let mut titles = Vec::new();
        let results = engine.process_event_at(&JsonEvent::borrow(&event["record"]), seconds(event["time"].as_str().unwrap_or_default())?);
        for result in &results {
            let Some(correlation) = result.as_correlation() else {
                titles.push(result.header.rule_title.clone());
                continue;
            };
            let group: serde_json::Map<String, Value> =
                correlation.group_key.iter().map(|(field, value)| (field.clone(), json!(value))).collect();
            findings.push(json!({ "rule": result.header.rule_title, "group": group }));
        }
        matches.push(titles);
    }
    Ok(json!({ "matches": matches, "findings": findings }))
}

/// Whole seconds since 1970 of `2026-01-02T03:04:05.678Z`: rsigma counts in them.
fn seconds(time: &str) -> Result<i64, String> {
    let mut numbers = time.split(['-', 'T', ':', '.', 'Z']).map_while(|part| part.parse::<i64>().ok());
    let mut next = || numbers.next().ok_or_else(|| format!("{time} is no time"));
    let (year, month, day, hour, minute, second) = (next()?, next()?, next()?, next()?, next()?, next()?);
    // Days of the civil calendar, years beginning in March.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468;
    Ok(((days * 24 + hour) * 60 + minute) * 60 + second)
}
