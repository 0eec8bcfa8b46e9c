"""A receiver of webhooks for one test, with TLS: prints its port, then each call as a line of JSON, its signature checked by
Python's own HMAC. Arguments: mode, certificate, key, port (0: any), secret.

In mode "drops" the connection is cut before the answer; in mode "away" the answer sends elsewhere; a number is the status."""
import base64
import hashlib
import hmac
import http.server
import json
import ssl
import sys


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        signed = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.{body}".encode()
        key = base64.b64decode(sys.argv[5].removeprefix("whsec_"))
        right = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        call = {"path": self.path, "signed": self.headers["webhook-signature"] == right, "body": json.loads(body)}
        call["headers"] = {name.lower(): value for name, value in self.headers.items()}
        print(json.dumps(call), flush=True)
        if sys.argv[1] == "drops":
            self.connection.close()
            return
        if sys.argv[1] == "away":
            self.send_response(302)
            self.send_header("location", "/elsewhere")
        else:
            self.send_response(int(sys.argv[1]))
        self.end_headers()

    do_GET = do_POST

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[4])), Receiver)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[2], sys.argv[3])
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_address[1], flush=True)
server.serve_forever()
