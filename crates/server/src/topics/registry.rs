//! The registry: handlers by namespace and method, with their types erased.
//!
//! This is where bytes become typed commands and typed events become bytes.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use trunkline_hub::ToJson;
use trunkline_protocol::{
    Call, Codec, CodecError, Delivery, Error, ErrorCode, Fingerprint, Payload, Topic, User,
};

use super::handler::{Access, CallContext, CallHandler, Context, Handler, Key};
use crate::node::Node;

/// An event that a handler made, ready for the broker.
pub(crate) struct Prepared {
    pub(crate) event: Payload,
    pub(crate) conflation_key: Option<String>,
    pub(crate) keyframe: bool,
}

/// A handler without its types.
pub(crate) trait ErasedHandler: Send + Sync {
    fn delivery(&self) -> Delivery;
    fn contract(&self) -> Fingerprint;
    fn to_json(&self) -> ToJson;
    fn flush_window(&self) -> Duration;
    fn authorize(&self, user: &User, key: &str) -> Result<Access, Error>;
    fn on_command<'a>(
        &'a self,
        node: &'a Node,
        user: &'a User,
        key: &'a str,
        codec: Codec,
        command: &'a Payload,
    ) -> BoxFuture<'a, Result<Prepared, Error>>;
}

/// A call handler without its types.
pub(crate) trait ErasedCall: Send + Sync {
    fn contract(&self) -> Fingerprint;
    fn on_call<'a>(
        &'a self,
        node: &'a Node,
        user: &'a User,
        codec: Codec,
        request: &'a Payload,
    ) -> BoxFuture<'a, Result<Payload, Error>>;
}

/// All handlers of a server.
#[derive(Default)]
pub struct Registry {
    handlers: BTreeMap<&'static str, Arc<dyn ErasedHandler>>,
    calls: BTreeMap<&'static str, Arc<dyn ErasedCall>>,
}

impl Registry {
    /// Adds the handler of a kind of topic, in place of an earlier one of its namespace.
    #[must_use]
    pub fn with<H: Handler>(mut self, handler: H) -> Self {
        self.handlers
            .insert(H::Topic::NAMESPACE, Arc::new(OfTopic(handler)));
        self
    }

    /// Adds the handler of a call, in place of an earlier one of its method.
    #[must_use]
    pub fn with_call<H: CallHandler>(mut self, handler: H) -> Self {
        self.calls
            .insert(H::Call::METHOD, Arc::new(OfCall(handler)));
        self
    }

    /// The methods that have a handler, in order.
    #[cfg(test)]
    pub(crate) fn methods(&self) -> Vec<&'static str> {
        self.calls.keys().copied().collect()
    }

    pub(crate) fn handler(&self, namespace: &str) -> Option<&Arc<dyn ErasedHandler>> {
        self.handlers.get(namespace)
    }

    /// The namespaces that have a handler, in order.
    pub(crate) fn namespaces(&self) -> impl Iterator<Item = &'static str> {
        self.handlers.keys().copied()
    }

    pub(crate) fn call(&self, method: &str) -> Option<&Arc<dyn ErasedCall>> {
        self.calls.get(method)
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.handlers.keys().chain(self.calls.keys());
        f.debug_set().entries(names).finish()
    }
}

struct OfTopic<H>(H);

fn parse_key<H: Handler>(key: &str) -> Result<Key<H>, Error> {
    key.parse()
        .map_err(|error| Error::new(ErrorCode::InvalidKey, error))
}

fn malformed(error: CodecError) -> Error {
    match error {
        CodecError::TooLong => Error::new(ErrorCode::TooLong, error),
        CodecError::Malformed(_) | CodecError::TrailingBytes => {
            Error::new(ErrorCode::Malformed, error)
        }
    }
}

impl<H: Handler> ErasedHandler for OfTopic<H> {
    fn delivery(&self) -> Delivery {
        H::Topic::DELIVERY
    }

    fn contract(&self) -> Fingerprint {
        H::Topic::contract()
    }

    fn to_json(&self) -> ToJson {
        |bincode| {
            let event: <H::Topic as Topic>::Event = Codec::Bincode.decode(bincode).ok()?;
            Some(Codec::Json.encode(&event).into())
        }
    }

    fn flush_window(&self) -> Duration {
        H::Topic::FLUSH_WINDOW
    }

    fn authorize(&self, user: &User, key: &str) -> Result<Access, Error> {
        self.0.authorize(user, &parse_key::<H>(key)?)
    }

    fn on_command<'a>(
        &'a self,
        node: &'a Node,
        user: &'a User,
        key: &'a str,
        codec: Codec,
        command: &'a Payload,
    ) -> BoxFuture<'a, Result<Prepared, Error>> {
        async move {
            let key = parse_key::<H>(key)?;
            let command = codec.decode(command.as_bytes()).map_err(malformed)?;
            let context = Context::new(node, user, &key);
            let event = self.0.on_command(&context, &key, command).await?;
            Ok(Prepared {
                event: Codec::Bincode.payload(&event).map_err(malformed)?,
                conflation_key: H::Topic::conflation_key(&event).map(Into::into),
                keyframe: H::Topic::is_keyframe(&event),
            })
        }
        .boxed()
    }
}

struct OfCall<H>(H);

impl<H: CallHandler> ErasedCall for OfCall<H> {
    fn contract(&self) -> Fingerprint {
        H::Call::contract()
    }

    fn on_call<'a>(
        &'a self,
        node: &'a Node,
        user: &'a User,
        codec: Codec,
        request: &'a Payload,
    ) -> BoxFuture<'a, Result<Payload, Error>> {
        async move {
            let request = codec.decode(request.as_bytes()).map_err(malformed)?;
            let response = self
                .0
                .on_call(&CallContext::new(node, user), request)
                .await?;
            codec.payload(&response).map_err(malformed)
        }
        .boxed()
    }
}
