//! The fields of the Elastic Common Schema that documents may have, and their types.
//!
//! Source: <https://www.elastic.co/guide/en/ecs/current/ecs-field-reference.html>. Members of an ECS object that are not
//! in this table are passed on as they are. `log.source.address` is not of ECS but of Beats, who say there from where they read or got the
//! event: ECS's `source` is a party of what the event tells.

/// What values a field takes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FieldType {
    /// Any scalar, or an array of scalars, kept whole.
    Keyword,
    /// The same, searched by words.
    Text,
    /// A whole number. Digits in a string are made one.
    Long,
    /// An IPv4 or IPv6 address, or an array of them.
    Ip,
    /// A time; any layout that is read for `@timestamp`.
    Date,
    /// True or false.
    Boolean,
    /// An object of any content, searched as keywords.
    Flattened,
}

macro_rules! fields {
    ($($name:ident $path:literal $kind:ident)*) => {
        /// A field of the schema.
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        #[repr(u8)]
        pub enum Field {
            $(#[doc = concat!("`", $path, "`")] $name,)*
        }

        impl Field {
            /// Its path, dots between the parts.
            pub(crate) const fn path(self) -> &'static str {
                match self {
                    $(Self::$name => $path,)*
                }
            }
        }

        /// Every field with its path and type.
        pub const FIELDS: &[(Field, &str, FieldType)] = &[$((Field::$name, $path, FieldType::$kind),)*];
    };
}

fields! {
    Message "message" Text
    Tags "tags" Keyword
    AgentEphemeralId "agent.ephemeral_id" Keyword
    AgentId "agent.id" Keyword
    AgentName "agent.name" Keyword
    AgentType "agent.type" Keyword
    AgentVersion "agent.version" Keyword
    ClientAddress "client.address" Keyword
    ClientBytes "client.bytes" Long
    ClientDomain "client.domain" Keyword
    ClientIp "client.ip" Ip
    ClientPort "client.port" Long
    CloudAccountId "cloud.account.id" Keyword
    CloudAvailabilityZone "cloud.availability_zone" Keyword
    CloudInstanceId "cloud.instance.id" Keyword
    CloudInstanceName "cloud.instance.name" Keyword
    CloudMachineType "cloud.machine.type" Keyword
    CloudProjectId "cloud.project.id" Keyword
    CloudProvider "cloud.provider" Keyword
    CloudRegion "cloud.region" Keyword
    ContainerId "container.id" Keyword
    ContainerImageName "container.image.name" Keyword
    ContainerImageTag "container.image.tag" Keyword
    ContainerLabels "container.labels" Flattened
    ContainerName "container.name" Keyword
    ContainerRuntime "container.runtime" Keyword
    DataStreamDataset "data_stream.dataset" Keyword
    DataStreamNamespace "data_stream.namespace" Keyword
    DataStreamType "data_stream.type" Keyword
    DestinationAddress "destination.address" Keyword
    DestinationBytes "destination.bytes" Long
    DestinationDomain "destination.domain" Keyword
    DestinationIp "destination.ip" Ip
    DestinationPort "destination.port" Long
    DeviceId "device.id" Keyword
    DnsQuestionName "dns.question.name" Keyword
    DnsQuestionType "dns.question.type" Keyword
    DnsResponseCode "dns.response_code" Keyword
    EcsVersion "ecs.version" Keyword
    ErrorCode "error.code" Keyword
    ErrorId "error.id" Keyword
    ErrorMessage "error.message" Text
    ErrorStackTrace "error.stack_trace" Text
    ErrorType "error.type" Keyword
    EventAction "event.action" Keyword
    EventCategory "event.category" Keyword
    EventCode "event.code" Keyword
    EventCreated "event.created" Date
    EventDataset "event.dataset" Keyword
    EventDuration "event.duration" Long
    EventEnd "event.end" Date
    EventId "event.id" Keyword
    EventIngested "event.ingested" Date
    EventKind "event.kind" Keyword
    EventModule "event.module" Keyword
    EventOriginal "event.original" Keyword
    EventOutcome "event.outcome" Keyword
    EventProvider "event.provider" Keyword
    EventReason "event.reason" Keyword
    EventReference "event.reference" Keyword
    EventSequence "event.sequence" Long
    EventSeverity "event.severity" Long
    EventStart "event.start" Date
    EventTimezone "event.timezone" Keyword
    EventType "event.type" Keyword
    EventUrl "event.url" Keyword
    FaasColdstart "faas.coldstart" Boolean
    FaasExecution "faas.execution" Keyword
    FaasName "faas.name" Keyword
    FileExtension "file.extension" Keyword
    FileName "file.name" Keyword
    FilePath "file.path" Keyword
    FileSize "file.size" Long
    GroupId "group.id" Keyword
    GroupName "group.name" Keyword
    HostArchitecture "host.architecture" Keyword
    HostHostname "host.hostname" Keyword
    HostId "host.id" Keyword
    HostIp "host.ip" Ip
    HostMac "host.mac" Keyword
    HostName "host.name" Keyword
    HostOsFamily "host.os.family" Keyword
    HostOsKernel "host.os.kernel" Keyword
    HostOsName "host.os.name" Keyword
    HostOsPlatform "host.os.platform" Keyword
    HostOsType "host.os.type" Keyword
    HostOsVersion "host.os.version" Keyword
    HostType "host.type" Keyword
    HttpRequestBodyBytes "http.request.body.bytes" Long
    HttpRequestBodyContent "http.request.body.content" Text
    HttpRequestBytes "http.request.bytes" Long
    HttpRequestId "http.request.id" Keyword
    HttpRequestMethod "http.request.method" Keyword
    HttpRequestMimeType "http.request.mime_type" Keyword
    HttpRequestReferrer "http.request.referrer" Keyword
    HttpResponseBodyBytes "http.response.body.bytes" Long
    HttpResponseBodyContent "http.response.body.content" Text
    HttpResponseBytes "http.response.bytes" Long
    HttpResponseMimeType "http.response.mime_type" Keyword
    HttpResponseStatusCode "http.response.status_code" Long
    HttpVersion "http.version" Keyword
    LogFilePath "log.file.path" Keyword
    LogLevel "log.level" Keyword
    LogLogger "log.logger" Keyword
    LogOriginFileLine "log.origin.file.line" Long
    LogOriginFileName "log.origin.file.name" Keyword
    LogOriginFunction "log.origin.function" Keyword
    LogSourceAddress "log.source.address" Keyword
    LogSyslogAppname "log.syslog.appname" Keyword
    LogSyslogFacilityCode "log.syslog.facility.code" Long
    LogSyslogFacilityName "log.syslog.facility.name" Keyword
    LogSyslogHostname "log.syslog.hostname" Keyword
    LogSyslogMsgid "log.syslog.msgid" Keyword
    LogSyslogPriority "log.syslog.priority" Long
    LogSyslogProcid "log.syslog.procid" Keyword
    LogSyslogSeverityCode "log.syslog.severity.code" Long
    LogSyslogSeverityName "log.syslog.severity.name" Keyword
    LogSyslogStructuredData "log.syslog.structured_data" Flattened
    LogSyslogVersion "log.syslog.version" Keyword
    NetworkBytes "network.bytes" Long
    NetworkDirection "network.direction" Keyword
    NetworkName "network.name" Keyword
    NetworkProtocol "network.protocol" Keyword
    NetworkTransport "network.transport" Keyword
    ObserverHostname "observer.hostname" Keyword
    ObserverIp "observer.ip" Ip
    ObserverName "observer.name" Keyword
    OrchestratorClusterName "orchestrator.cluster.name" Keyword
    OrchestratorNamespace "orchestrator.namespace" Keyword
    OrchestratorResourceName "orchestrator.resource.name" Keyword
    OrchestratorResourceType "orchestrator.resource.type" Keyword
    OrchestratorType "orchestrator.type" Keyword
    OrganizationId "organization.id" Keyword
    OrganizationName "organization.name" Keyword
    PackageName "package.name" Keyword
    PackageVersion "package.version" Keyword
    ProcessArgs "process.args" Keyword
    ProcessCommandLine "process.command_line" Keyword
    ProcessExecutable "process.executable" Keyword
    ProcessExitCode "process.exit_code" Long
    ProcessName "process.name" Keyword
    ProcessParentPid "process.parent.pid" Long
    ProcessPid "process.pid" Long
    ProcessThreadId "process.thread.id" Long
    ProcessThreadName "process.thread.name" Keyword
    ProcessTitle "process.title" Keyword
    RelatedHosts "related.hosts" Keyword
    RelatedIp "related.ip" Ip
    RelatedUser "related.user" Keyword
    RuleId "rule.id" Keyword
    RuleName "rule.name" Keyword
    ServerAddress "server.address" Keyword
    ServerDomain "server.domain" Keyword
    ServerIp "server.ip" Ip
    ServerPort "server.port" Long
    ServiceEnvironment "service.environment" Keyword
    ServiceId "service.id" Keyword
    ServiceName "service.name" Keyword
    ServiceNodeName "service.node.name" Keyword
    ServiceType "service.type" Keyword
    ServiceVersion "service.version" Keyword
    SourceAddress "source.address" Keyword
    SourceBytes "source.bytes" Long
    SourceDomain "source.domain" Keyword
    SourceIp "source.ip" Ip
    SourcePort "source.port" Long
    SourceUserName "source.user.name" Keyword
    SpanId "span.id" Keyword
    ThreatFramework "threat.framework" Keyword
    TlsCipher "tls.cipher" Keyword
    TlsVersion "tls.version" Keyword
    TraceId "trace.id" Keyword
    TransactionId "transaction.id" Keyword
    UrlDomain "url.domain" Keyword
    UrlFragment "url.fragment" Keyword
    UrlFull "url.full" Keyword
    UrlOriginal "url.original" Keyword
    UrlPath "url.path" Keyword
    UrlPort "url.port" Long
    UrlQuery "url.query" Keyword
    UrlScheme "url.scheme" Keyword
    UserDomain "user.domain" Keyword
    UserEmail "user.email" Keyword
    UserFullName "user.full_name" Keyword
    UserId "user.id" Keyword
    UserName "user.name" Keyword
    UserRoles "user.roles" Keyword
    UserAgentName "user_agent.name" Keyword
    UserAgentOriginal "user_agent.original" Keyword
    UserAgentVersion "user_agent.version" Keyword
    VulnerabilityId "vulnerability.id" Keyword
}
