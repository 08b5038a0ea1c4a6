//! The context that makes spans of several services one trace: W3C Trace Context, level 1, `traceparent` and `tracestate`.

use std::fmt;
use std::str::FromStr;

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use tracing_opentelemetry::OpenTelemetrySpanExt;

pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
pub const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// A longer state is not passed on; the specification asks for at least this (section 3.3.1.5).
const LONGEST_STATE: usize = 512;

/// Neither id is ever zero.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TraceContext {
    /// The same in all services that take part.
    pub trace_id: u128,
    /// The span that calls.
    pub span_id: u64,
    /// Whether the caller records this trace.
    pub sampled: bool,
    /// What the tracing systems before us have noted for those after us. We only pass it on.
    pub state: TraceState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a traceparent")]
pub struct Malformed;

impl TraceContext {
    /// The first context of a new trace.
    pub fn root(sampled: bool) -> Self {
        TraceContext {
            trace_id: rand::random_range(1..=u128::MAX),
            span_id: new_span_id(),
            sampled,
            state: TraceState::NONE,
        }
    }

    /// As an event carries it. A malformed context counts as none, a malformed state as an empty one.
    pub fn from_texts(parent: &str, state: Option<&str>) -> Option<Self> {
        let context: TraceContext = parent.parse().ok()?;
        Some(TraceContext { state: state.map(read_state).unwrap_or_default(), ..context })
    }

    /// The state as text; None if it is empty.
    pub fn state_text(&self) -> Option<String> {
        Some(self.state.header()).filter(|text| !text.is_empty())
    }

    /// The same trace, another span.
    pub fn child(&self) -> Self {
        TraceContext { span_id: new_span_id(), ..self.clone() }
    }

    /// The caller's context. A malformed one, or several, count as none, as the specification demands.
    pub fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(TRACEPARENT).iter();
        let (Some(parent), None) = (values.next(), values.next()) else { return None };
        // Several headers are one list.
        let states: Option<Vec<&str>> = headers.get_all(TRACESTATE).iter().map(|value| value.to_str().ok()).collect();
        Self::from_texts(parent.to_str().ok()?, states.map(|states| states.join(",")).as_deref())
    }

    /// Passes it on, in place of what another one has left there.
    pub fn insert_into(&self, headers: &mut HeaderMap) {
        headers.remove(TRACESTATE);
        if let Ok(value) = HeaderValue::try_from(self.to_string()) {
            headers.insert(TRACEPARENT, value);
        }
        if let Some(value) = self.state_text().and_then(|text| HeaderValue::try_from(text).ok()) {
            headers.insert(TRACESTATE, value);
        }
    }
}

/// Makes `span` a part of the caller's trace, or the first of a new one, and tells the context to pass on. To be called
/// before the span is entered.
pub fn begin(span: &tracing::Span, caller: Option<TraceContext>) -> TraceContext {
    if let Some(caller) = &caller {
        let flags = if caller.sampled { TraceFlags::SAMPLED } else { TraceFlags::default() };
        let (trace, id) = (TraceId::from(caller.trace_id), SpanId::from(caller.span_id));
        let remote = SpanContext::new(trace, id, flags, true, caller.state.clone());
        // Fails if traces are not exported; the context is then our own, below.
        let _ = span.set_parent(opentelemetry::Context::new().with_remote_span_context(remote));
    }
    let exported = span.context().span().span_context().clone();
    if exported.is_valid() {
        return TraceContext {
            trace_id: u128::from_be_bytes(exported.trace_id().to_bytes()),
            span_id: u64::from_be_bytes(exported.span_id().to_bytes()),
            sampled: exported.is_sampled(),
            state: exported.trace_state().clone(),
        };
    }
    caller.map_or_else(|| TraceContext::root(false), |caller| caller.child())
}

impl FromStr for TraceContext {
    type Err = Malformed;

    /// Lower-case hexadecimal only; no zero id; of a later version than ours what ours would say (section 3.2.4).
    fn from_str(text: &str) -> Result<Self, Malformed> {
        const LENGTH: usize = 55;
        let (known, rest) = text.split_at_checked(LENGTH).ok_or(Malformed)?;
        let mut parts = known.split('-');
        let (Some(version), Some(trace), Some(span), Some(flags), None) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Malformed);
        };
        let version = hexadecimal(version, 2)?;
        let continues_well = if version == 0 { rest.is_empty() } else { rest.is_empty() || rest.starts_with('-') };
        let trace_id = hexadecimal(trace, 32)?;
        let span_id = u64::try_from(hexadecimal(span, 16)?).map_err(|_| Malformed)?;
        let flags = hexadecimal(flags, 2)?;
        if version == 0xff || !continues_well || trace_id == 0 || span_id == 0 {
            return Err(Malformed);
        }
        Ok(TraceContext { trace_id, span_id, sampled: flags & 1 == 1, state: TraceState::NONE })
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace_id, self.span_id, u8::from(self.sampled))
    }
}

fn hexadecimal(text: &str, digits: usize) -> Result<u128, Malformed> {
    if text.len() != digits || !text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        return Err(Malformed);
    }
    u128::from_str_radix(text, 16).map_err(|_| Malformed)
}

/// Empty if it cannot be read: that concerns nobody's `traceparent`.
fn read_state(text: &str) -> TraceState {
    Some(text).filter(|text| text.len() <= LONGEST_STATE).and_then(|text| text.parse().ok()).unwrap_or_default()
}

fn new_span_id() -> u64 {
    rand::random_range(1..=u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn the_specifications_example_is_read_and_written() {
        let context: TraceContext = EXAMPLE.parse().unwrap();
        assert_eq!(context.trace_id, 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c);
        assert_eq!((context.span_id, context.sampled), (0xb7ad_6b71_6920_3331, true));
        assert_eq!(context.to_string(), EXAMPLE);
    }

    #[test]
    fn what_the_specification_forbids_is_refused() {
        for text in [
            "",
            "00",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
            "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01x",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-+1",
            "00-0af7651916cd43dd8448eb211c80319cb-7ad6b7169203331-01",
            " 0-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333é-1",
        ] {
            assert_eq!(text.parse::<TraceContext>(), Err(Malformed), "{text}");
        }
    }

    #[test]
    fn a_later_version_is_read_as_far_as_it_is_known() {
        for text in [EXAMPLE.replacen("00", "01", 1), EXAMPLE.replacen("00", "cc", 1) + "-what-comes"] {
            assert_eq!(text.parse::<TraceContext>().unwrap().to_string(), EXAMPLE);
        }
        assert!(!EXAMPLE.replace("-01", "-02").parse::<TraceContext>().unwrap().sampled);
    }

    #[test]
    fn it_travels_in_one_header_only() {
        let mut headers = HeaderMap::new();
        assert_eq!(TraceContext::from_headers(&headers), None);
        let context = TraceContext::root(true);
        context.insert_into(&mut headers);
        assert_eq!(TraceContext::from_headers(&headers), Some(context));
        assert!(!headers.contains_key(TRACESTATE), "nothing is said where there is nothing");
        headers.append(TRACEPARENT, HeaderValue::from_static(EXAMPLE));
        assert_eq!(TraceContext::from_headers(&headers), None);
    }

    #[test]
    fn what_others_have_noted_is_passed_on_as_it_is() {
        let mut headers = HeaderMap::new();
        headers.insert(TRACEPARENT, HeaderValue::from_static(EXAMPLE));
        headers.append(TRACESTATE, HeaderValue::from_static("congo=t61rcWkgMzE,rojo=00f067aa0ba902b7"));
        headers.append(TRACESTATE, HeaderValue::from_static("fw529a3039@dt=FfAAAAAA"));
        let own = begin(&tracing::info_span!("x"), TraceContext::from_headers(&headers));
        let mut passed_on = HeaderMap::new();
        passed_on.insert(TRACESTATE, HeaderValue::from_static("somebody=elses"));
        own.child().insert_into(&mut passed_on);
        let states: Vec<_> = passed_on.get_all(TRACESTATE).iter().collect();
        assert_eq!(states, ["congo=t61rcWkgMzE,rojo=00f067aa0ba902b7,fw529a3039@dt=FfAAAAAA"]);
        let event = TraceContext::from_texts(&own.to_string(), own.state_text().as_deref());
        assert_eq!(event, Some(own), "through an event as through a header");
    }

    #[test]
    fn a_state_that_cannot_be_read_costs_nobody_the_trace() {
        let long = format!("a={},b={}", "x".repeat(250), "y".repeat(260));
        for state in ["no-value", "UPPER=1", "a=b=c", long.as_str(), "a=1,\u{e9}=2"] {
            let context = TraceContext::from_texts(EXAMPLE, Some(state)).unwrap();
            assert_eq!((context.to_string().as_str(), context.state_text()), (EXAMPLE, None), "{state}");
        }
        assert_eq!(TraceContext::from_texts("00-broken", Some("a=1")), None, "without its parent it says nothing");
    }

    #[test]
    fn without_export_the_callers_trace_goes_on_all_the_same() {
        let caller: TraceContext = EXAMPLE.parse().unwrap();
        let own = begin(&tracing::info_span!("x"), Some(caller.clone()));
        assert_eq!((own.trace_id, own.sampled), (caller.trace_id, true));
        assert_ne!(own.span_id, caller.span_id);
        let first = begin(&tracing::info_span!("x"), None);
        assert!(!first.sampled && first.trace_id != 0 && first.span_id != 0);
    }
}
