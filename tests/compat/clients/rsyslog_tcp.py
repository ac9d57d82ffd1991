"""rsyslog's omfwd: syslog over TCP with octet counting. A message is delivered, for it, once it is written to the socket."""

from compat import Run
from rsyslogd import send

run = Run()
send(
    run,
    f'''action(name="out" type="omfwd" target="{run.host}" port="{run.port}" protocol="tcp"
  TCP_Framing="octet-counted" template="RSYSLOG_SyslogProtocol23Format" action.resumeRetryCount="-1"
  action.resumeInterval="1")''',
)
