use axum::Router;
use axum::body::Body;
use axum::routing::get;
use http::{Request, StatusCode, header};
use tower::ServiceExt;
use types::ServiceName::{self, Cart, Product, Return};
use types::{Role, SessionId, UserId};

use super::*;
use crate::clock::Clock;
use crate::http::headers;
use crate::scope::Scope;

struct Shop {
    router: Router,
    users: UserTokens,
    keys: Vec<(ServiceName, SigningKey)>,
    clock: Clock,
}

struct Ended(SessionId);

#[async_trait]
impl Revocations for Ended {
    async fn is_revoked(&self, session: SessionId) -> bool {
        session == self.0
    }
}

/// Product, which cart may call and return may not. The session is one that has ended.
fn shop(ended: SessionId) -> Shop {
    let clock = Clock::system();
    let key = SigningKey::generate().unwrap();
    let keys: Vec<_> = [Cart, Return].map(|s| (s, SigningKey::generate().unwrap())).into();
    let document = ServiceKeys::document(keys.iter().map(|(service, key)| (*service, key)));
    let identity = Identity {
        service: Product,
        users: UserTokenVerifier::new(Auth::with_key(&key), clock.clone()),
        services: ServiceTokenVerifier::new(ServiceKeys::from_document(&document, &clock).unwrap(), clock.clone()),
        allowed: |caller, callee| (caller, callee) == (Cart, Product),
        revocations: Arc::new(Ended(ended)),
    };
    let router = Router::new()
        .route("/visitor", get(async |Visitor(c): Visitor| if c.is_some() { "known" } else { "stranger" }))
        .route("/customer", get(async |c: Customer| c.id.to_string()))
        .route("/internal", get(async |c: Caller| c.service.to_string()))
        .route(CatalogEditor::NAME_IN_PATH, get(async |p: CatalogEditor| p.actor.id.to_string()))
        .route(StockKeeper::NAME_IN_PATH, get(async |p: StockKeeper| p.actor.id.to_string()))
        .route(OrderDesk::NAME_IN_PATH, get(async |p: OrderDesk| p.actor.id.to_string()))
        .route(OrderReader::NAME_IN_PATH, get(async |p: OrderReader| p.actor.id.to_string()))
        .route(ReturnsDesk::NAME_IN_PATH, get(async |p: ReturnsDesk| p.actor.id.to_string()))
        .route(PromotionEditor::NAME_IN_PATH, get(async |p: PromotionEditor| p.actor.id.to_string()))
        .route(Administrator::NAME_IN_PATH, get(async |p: Administrator| p.actor.id.to_string()))
        .layer(layer(Arc::new(identity)));
    Shop { router, users: UserTokens::new(key, clock.clone()), keys, clock }
}

/// A path per kind of staff.
trait InPath {
    const NAME_IN_PATH: &'static str;
}

macro_rules! in_path {
    ($($type:ident: $path:literal),*) => {$(
        impl InPath for $type { const NAME_IN_PATH: &'static str = $path; }
    )*};
}

in_path!(
    CatalogEditor: "/catalog", StockKeeper: "/stock", OrderDesk: "/orders", OrderReader: "/orders/read",
    ReturnsDesk: "/returns", PromotionEditor: "/promotions", Administrator: "/admin"
);

impl Shop {
    fn user_token(&self, session: SessionId, role: Role) -> String {
        self.users.issue(UserId::new(), session, &[Role::Customer, role]).unwrap().token.into_exposed()
    }

    fn service_token(&self, caller: ServiceName, callee: ServiceName) -> String {
        let (_, key) = self.keys.iter().find(|(service, _)| *service == caller).unwrap();
        ServiceTokens::new(caller, key.clone(), self.clock.clone()).token_for(callee).unwrap().to_string()
    }

    async fn ask(&self, path: &str, authorization: Option<&str>) -> (u16, String) {
        let mut request = Request::get(path);
        if let Some(value) = authorization {
            request = request.header(header::AUTHORIZATION, value);
        }
        let response = self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let status = response.status();
        if status == StatusCode::UNAUTHORIZED {
            assert_eq!(response.headers()[header::WWW_AUTHENTICATE], "Bearer");
        }
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status.as_u16(), String::from_utf8(body.to_vec()).unwrap())
    }

    async fn status(&self, path: &str, token: &str) -> u16 {
        self.ask(path, Some(&format!("Bearer {token}"))).await.0
    }
}

#[tokio::test]
async fn each_role_opens_its_own_doors_and_admin_opens_all() {
    use Role::{Admin, Merchandiser, Operator, Support};
    let shop = shop(SessionId::new());
    let doors: [(&str, &[Role]); 8] = [
        ("/customer", Role::ALL),
        (CatalogEditor::NAME_IN_PATH, &[Merchandiser, Admin]),
        (StockKeeper::NAME_IN_PATH, &[Operator, Merchandiser, Admin]),
        (OrderDesk::NAME_IN_PATH, &[Support, Operator, Admin]),
        (OrderReader::NAME_IN_PATH, &[Support, Operator, Admin]),
        (ReturnsDesk::NAME_IN_PATH, &[Support, Operator, Admin]),
        (PromotionEditor::NAME_IN_PATH, &[Merchandiser, Admin]),
        (Administrator::NAME_IN_PATH, &[Admin]),
    ];
    for (path, opened_by) in doors {
        assert_eq!(shop.ask(path, None).await.0, 401, "{path} without a token");
        for role in Role::ALL {
            let expected = if opened_by.contains(role) { 200 } else { 403 };
            let token = shop.user_token(SessionId::new(), *role);
            assert_eq!(shop.status(path, &token).await, expected, "{path} as {role}");
        }
    }
    assert_eq!(StockKeeper::roles(), [Operator, Merchandiser, Admin]);
    assert_eq!((Administrator::NAME, Administrator::SCHEME), ("administrator", Some("user_token")));
}

#[tokio::test]
async fn a_visitor_may_be_a_stranger_but_not_an_impostor() {
    let shop = shop(SessionId::new());
    assert_eq!(shop.ask("/visitor", None).await, (200, "stranger".to_owned()));
    let token = shop.user_token(SessionId::new(), Role::Customer);
    assert_eq!(shop.ask("/visitor", Some(&format!("bearer {token}"))).await, (200, "known".to_owned()));
    for bad in ["Bearer", "Bearer ", "Basic YTpi", "Bearer x.y.z", &format!("Bearer{token}"), &token] {
        assert_eq!(shop.ask("/visitor", Some(bad)).await.0, 401, "{bad}");
    }
    shop.clock.advance(ACCESS_TOKEN_LIFE * 2);
    assert_eq!(shop.status("/visitor", &token).await, 401);
}

#[tokio::test]
async fn two_tokens_at_once_are_refused() {
    let shop = shop(SessionId::new());
    let token = format!("Bearer {}", shop.user_token(SessionId::new(), Role::Customer));
    let request = Request::get("/customer").header("authorization", &token).header("authorization", &token);
    let response = shop.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.status(), 401);
}

#[tokio::test]
async fn a_session_that_has_ended_is_refused() {
    let session = SessionId::new();
    let shop = shop(session);
    let token = shop.user_token(session, Role::Admin);
    for path in ["/customer", "/visitor", "/admin"] {
        assert_eq!(shop.status(path, &token).await, 401, "{path}");
    }
}

#[tokio::test]
async fn internal_endpoints_are_for_services_that_the_topology_names() {
    let shop = shop(SessionId::new());
    assert_eq!(shop.ask("/internal", None).await.0, 401);
    assert_eq!(shop.status("/internal", &shop.user_token(SessionId::new(), Role::Admin)).await, 401);
    assert_eq!(shop.status("/internal", &shop.service_token(Cart, ServiceName::Order)).await, 401, "for another");
    assert_eq!(shop.status("/internal", &shop.service_token(Return, Product)).await, 403, "not in the topology");
    let good = format!("Bearer {}", shop.service_token(Cart, Product));
    assert_eq!(shop.ask("/internal", Some(&good)).await, (200, "cart".to_owned()));
    assert_eq!(shop.ask("/customer", Some(&good)).await.0, 401);
    shop.clock.advance(Duration::from_secs(100));
    assert_eq!(shop.ask("/internal", Some(&good)).await.0, 401, "expired");
}

#[tokio::test]
async fn who_asks_is_known_from_a_token_or_from_a_service_that_is_believed() {
    let shop = shop(SessionId::new());
    let user = UserId::new();
    let asker_of = async |path: &str, token: String, named: Option<UserId>| {
        let mut request = Request::get(path).header(header::AUTHORIZATION, format!("Bearer {token}"));
        if let Some(named) = named {
            request = request.header(headers::ASKER, named.to_string());
        }
        let answer = async {
            let status = shop.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap().status();
            (status.as_u16(), Scope::user())
        };
        Scope::root().run(answer).await
    };
    let own = || shop.users.issue(user, SessionId::new(), &[Role::Customer]).unwrap().token.into_exposed();
    assert_eq!(asker_of("/customer", own(), None).await, (200, Some(user)));
    assert_eq!(asker_of("/customer", own(), Some(UserId::new())).await, (200, Some(user)), "nobody names themselves");
    let cart = || shop.service_token(Cart, Product);
    assert_eq!(asker_of("/internal", cart(), Some(user)).await, (200, Some(user)));
    assert_eq!(asker_of("/internal", cart(), None).await, (200, None));
    let stranger = shop.service_token(Return, Product);
    assert_eq!(asker_of("/internal", stranger, Some(user)).await, (403, None));
    assert_eq!(asker_of("/internal", own(), Some(user)).await, (401, None));
}

#[tokio::test]
async fn without_the_layer_nobody_is_let_in() {
    let router: Router = Router::new().route("/", get(async |_: Caller| "in"));
    let response = router.oneshot(Request::get("/").body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.status(), 500);
}

#[test]
fn documents_declare_both_kinds_of_token() {
    let mut document = utoipa::openapi::OpenApi::default();
    declare_security_schemes(&mut document);
    let schemes = serde_json::to_value(document).unwrap()["components"]["securitySchemes"].clone();
    for scheme in [Customer::SCHEME, CatalogEditor::SCHEME, Caller::SCHEME] {
        assert_eq!(schemes[scheme.unwrap()]["scheme"], "bearer", "{schemes}");
    }
}
