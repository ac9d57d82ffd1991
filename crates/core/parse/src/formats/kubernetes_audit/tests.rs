use crate::Format;
use crate::formats::samples::Samples;

/// Written by a kube-apiserver 1.36; what it answered is cut out of the second.
pub(crate) const SAMPLES: Samples = Samples {
    format: "kubernetes_audit",
    auto: &[Format::KubernetesAudit],
    read: &[
        (
            r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"RequestResponse","auditID":"c7e4c787-2bfb-4906-9a74-099b04bd2ba1","stage":"ResponseComplete","requestURI":"/api/v1/namespaces/shop/secrets","verb":"list","user":{"username":"jane","uid":"jane","groups":["dev","system:authenticated"]},"sourceIPs":["127.0.0.1"],"userAgent":"curl/7.88.1","objectRef":{"resource":"secrets","namespace":"shop","apiVersion":"v1"},"responseStatus":{"metadata":{},"status":"Failure","message":"secrets is forbidden","reason":"Forbidden","details":{"kind":"secrets"},"code":403},"responseObject":{"kind":"Status","apiVersion":"v1","metadata":{},"code":403},"requestReceivedTimestamp":"2026-11-21T08:59:58.438647Z","stageTimestamp":"2026-11-21T08:59:58.439170Z","annotations":{"authorization.k8s.io/decision":"forbid","authorization.k8s.io/reason":""}}"#,
            r#"{"@timestamp": "2026-11-21T08:59:58.439Z", "message": "list /api/v1/namespaces/shop/secrets",
            "event": {"id": "c7e4c787-2bfb-4906-9a74-099b04bd2ba1", "action": "list", "outcome": "failure", "reason": "Forbidden", "start": "2026-11-21T08:59:58.438Z"},
            "url": {"original": "/api/v1/namespaces/shop/secrets"}, "user_agent": {"original": "curl/7.88.1"}, "source": {"ip": ["127.0.0.1"]},
            "user": {"name": "jane", "id": "jane", "group": {"name": ["dev", "system:authenticated"]}},
            "orchestrator": {"namespace": "shop", "resource": {"type": "secrets"}},
            "http": {"response": {"status_code": 403}}, "error": {"message": "secrets is forbidden"},
            "labels": {"authorization_k8s_io/decision": "forbid"},
            "kubernetes": {"audit": {"kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "RequestResponse", "stage": "ResponseComplete",
            "objectRef": {"apiVersion": "v1"}, "responseStatus": {"status": "Failure", "details": {"kind": "secrets"}}}},
            "unmapped": {"kubernetes.audit.responseObject": {"kind": "Status", "apiVersion": "v1", "metadata": {}, "code": 403}}}"#,
        ),
        (
            r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Request","auditID":"03b33bc8-7ed4-4645-a378-7f860b13db65","stage":"ResponseComplete","requestURI":"/api/v1/namespaces/shop/configmaps","verb":"create","user":{"username":"admin","groups":["system:masters"],"extra":{"authentication.kubernetes.io/credential-id":["X"]}},"impersonatedUser":{"username":"bob"},"sourceIPs":["10.0.0.7","127.0.0.1"],"objectRef":{"resource":"configmaps","namespace":"shop","name":"cart","apiVersion":"v1"},"responseStatus":{"metadata":{},"code":201},"requestObject":{"kind":"ConfigMap","data":{"a.b":"1"}},"requestReceivedTimestamp":"2026-11-21T08:59:58.328975Z","stageTimestamp":"2026-11-21T08:59:58.333273Z"}"#,
            r#"{"@timestamp": "2026-11-21T08:59:58.333Z", "message": "create /api/v1/namespaces/shop/configmaps",
            "event": {"id": "03b33bc8-7ed4-4645-a378-7f860b13db65", "action": "create", "outcome": "success", "start": "2026-11-21T08:59:58.328Z"},
            "url": {"original": "/api/v1/namespaces/shop/configmaps"}, "source": {"ip": ["10.0.0.7", "127.0.0.1"]},
            "user": {"name": "admin", "group": {"name": ["system:masters"]}, "effective": {"name": "bob"}},
            "orchestrator": {"namespace": "shop", "resource": {"type": "configmaps", "name": "cart"}},
            "http": {"response": {"status_code": 201}},
            "kubernetes": {"audit": {"kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Request", "stage": "ResponseComplete", "objectRef": {"apiVersion": "v1"}}},
            "unmapped": {"kubernetes.audit.requestObject": "{\"kind\":\"ConfigMap\",\"data\":{\"a.b\":\"1\"}}",
            "kubernetes.audit.user.extra": "{\"authentication.kubernetes.io/credential-id\":[\"X\"]}"}}"#,
        ),
    ],
    refused: &[
        "",
        "{}",
        "hello there",
        r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1"}"#,
        r#"{"kind":"Event","apiVersion":"v1","verb":"get","requestURI":"/","stageTimestamp":"2026-11-21T08:59:58Z"}"#,
        r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","verb":"get","requestURI":"/","stageTimestamp":"soon"}"#,
    ],
};
