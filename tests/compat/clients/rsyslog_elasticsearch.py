"""rsyslog's omelasticsearch, in bulk. It sends items again that are refused for now; a request that is refused as a whole it gives up,
and writes to its error file. So it asks with `timeout` to be waited for."""

from compat import Run
from rsyslogd import send

run = Run()
send(
    run,
    f'''module(load="omelasticsearch")
template(name="document" type="list" option.json="on") {{
  constant(value="{{\\"@timestamp\\":\\"") property(name="timereported" dateFormat="rfc3339")
  constant(value="\\",\\"message\\":\\"") property(name="msg") constant(value="\\"}}")
}}
ruleset(name="again") {{ call rsyslog_elasticsearch }}
ruleset(name="rsyslog_elasticsearch") {{
  action(name="out" type="omelasticsearch" server="{run.host}" serverport="{run.port}" uid="token" pwd="{run.token}"
    searchIndex="compat" searchType="" bulkmode="on" maxbytes="200k" template="document" healthchecktimeout="10000"
    timeout="1m" retryfailures="on" retryruleset="again" errorfile="FOLDER/errors" action.resumeRetryCount="-1" action.resumeInterval="1")
}}
call rsyslog_elasticsearch''',
)
