"""rsyslog's omfwd: syslog over TLS (RFC 5425), which checks the listener's certificate."""

import os

from compat import Run
from rsyslogd import send

run = Run()
send(
    run,
    f'''action(name="out" type="omfwd" target="{run.host}" port="{run.port}" protocol="tcp"
  TCP_Framing="octet-counted" template="RSYSLOG_SyslogProtocol23Format" action.resumeRetryCount="-1"
  action.resumeInterval="1" StreamDriver="gtls" StreamDriverMode="1" StreamDriverAuthMode="x509/certvalid")''',
    f'defaultNetstreamDriverCAFile="{os.environ["FOREBAY_COMPAT_CA"]}"',
)
