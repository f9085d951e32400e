#: needs go git python3
#: said-by git
#: note a server on this machine stood for the host
# A git host that asks for a name and a password.
cat >host.py <<'PY'
import http.server

class Refuse(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(401)
        self.send_header("WWW-Authenticate", 'Basic realm="git"')
        self.end_headers()

    def log_message(self, *_):
        pass

server = http.server.HTTPServer(("127.0.0.1", 0), Refuse)
print(server.server_port, flush=True)
server.serve_forever()
PY
python3 host.py >port &
host=$!
trap 'kill "$host"' EXIT
while [ ! -s port ]; do sleep 0.1; done
git config --global url."http://127.0.0.1:$(cat port)/".insteadOf https://github.com/
module <<'GO'
package main

import _ "github.com/example/secret"

func main() {}
GO
GOPRIVATE=github.com/example GOMODCACHE=$PWD/empty go get github.com/example/secret
