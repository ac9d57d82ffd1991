"""rsyslog's omrelp: each message is acknowledged."""

from compat import Run
from rsyslogd import send

run = Run()
send(
    run,
    f'''module(load="omrelp")
action(name="out" type="omrelp" target="{run.host}" port="{run.port}" template="RSYSLOG_SyslogProtocol23Format"
  action.resumeRetryCount="-1" action.resumeInterval="1")''',
)
