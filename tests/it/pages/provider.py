"""An OpenID Connect provider for one test, by Authlib: whoever types a name is that person. Prints its port.

Arguments: directory (tls.pem, tls.key, sign.pem), client's id, client's secret, address to return to."""
import json
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.jose import JsonWebKey
from authlib.oauth2.rfc6749 import grants
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import UserInfo
from authlib.oidc.core.grants import OpenIDCode
from flask import Flask, make_response, request
from werkzeug.serving import make_server

directory, client_id, client_secret, back = Path(sys.argv[1]), *sys.argv[2:]
key = JsonWebKey.import_key((directory / "sign.pem").read_text(), {"kty": "RSA", "kid": "one", "use": "sig"})
app = Flask(__name__)
codes, logins = {}, {}


class Client:
    def get_client_id(self):
        return client_id

    def get_default_redirect_uri(self):
        return None

    def get_allowed_scope(self, scope):
        return scope

    def check_redirect_uri(self, uri):
        return uri == back

    def check_client_secret(self, secret):
        return secret == client_secret

    def check_endpoint_auth_method(self, method, endpoint):
        return method == "client_secret_basic"

    check_token_endpoint_auth_method = None

    def check_response_type(self, kind):
        return kind == "code"

    def check_grant_type(self, kind):
        return kind == "authorization_code"


class Code:
    def __init__(self, asked, user):
        self.asked, self.user = dict(asked.data), user

    def get_redirect_uri(self):
        return self.asked["redirect_uri"]

    def get_scope(self):
        return self.asked["scope"]

    def get_nonce(self):
        return self.asked["nonce"]

    def get_auth_time(self):
        return logins[self.user]

    @property
    def code_challenge(self):
        return self.asked["code_challenge"]

    @property
    def code_challenge_method(self):
        return self.asked["code_challenge_method"]


class Grant(grants.AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic"]

    def save_authorization_code(self, code, asked):
        codes[code] = Code(asked, asked.user)

    def query_authorization_code(self, code, client):
        return codes.get(code)

    def delete_authorization_code(self, code):
        codes.pop(code.code if hasattr(code, "code") else self.request.form["code"], None)

    def authenticate_user(self, code):
        return code.user


class OpenId(OpenIDCode):
    def exists_nonce(self, nonce, asked):
        return any(code.get_nonce() == nonce for code in codes.values())

    def get_jwt_config(self, grant=None):
        return {"key": key, "alg": "RS256", "iss": issuer, "exp": 60}

    def generate_user_info(self, user, scope):
        return UserInfo(sub="subject of " + user, upn=user + "@example.test")


server = AuthorizationServer(app, query_client=lambda asked: Client() if asked == client_id else None, save_token=lambda *_: None)
server.register_grant(Grant, [OpenId(require_nonce=True), CodeChallenge(required=True)])


@app.get("/.well-known/openid-configuration")
def configuration():
    return {
        "issuer": issuer,
        "authorization_endpoint": issuer + "/authorize",
        "token_endpoint": issuer + "/token",
        "jwks_uri": issuer + "/keys",
        "code_challenge_methods_supported": ["S256"],
    }


@app.get("/keys")
def keys():
    public = dict(key.as_dict(is_private=False), kid="one", use="sig")
    return {"keys": [public]}


@app.route("/authorize", methods=["GET", "POST"])
def authorize():
    user = request.cookies.get("login")
    if request.method == "POST":
        user = request.form["name"]
        logins[user] = int(time.time())
    elif user not in logins or request.args.get("prompt") == "login":
        return '<!doctype html><html lang="en"><title>Provider</title><form method="post"><label for="name">Name</label>' \
               '<input id="name" name="name"><button>Log in</button></form></html>'
    answer = make_response(server.create_authorization_response(grant_user=user))
    answer.set_cookie("login", user, secure=True, httponly=True, samesite="None")
    return answer


@app.post("/token")
def token():
    return server.create_token_response()


served = make_server("127.0.0.1", 0, app, threaded=True, ssl_context=(str(directory / "tls.pem"), str(directory / "tls.key")))
issuer = "https://localhost:%d" % served.port
print(json.dumps({"issuer": issuer}), flush=True)
served.serve_forever()
