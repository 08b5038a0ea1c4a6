//! Keys, certificates, and a server that speaks TLS.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use axum::Router;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::TENANCY;

/// Makes in `directory`, valid for a day: an authority (`ca`), the exchange's certificate by it for 127.0.0.1 (`server`), a machine's
/// certificate whose subject names the tenancy (`machine`), a user's key (`user`), and a pod's account.
pub fn certify(directory: &Path) {
    let script = format!(
        "set -e
         rsa='req -newkey rsa:2048 -nodes'
         openssl $rsa -x509 -days 1 -subj /CN=ca -keyout ca.key -out ca.pem
         for name in server machine; do
           case $name in
             server) subject=/CN=server; printf 'subjectAltName=IP:127.0.0.1' > $name.ext ;;
             machine) subject='/CN=ocid1.instance.oc1..haat/OU=opc-certtype:instance/OU=opc-tenant:{TENANCY}'; : > $name.ext ;;
           esac
           openssl $rsa -subj \"$subject\" -keyout $name.key -out $name.csr
           openssl x509 -req -in $name.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 1 -extfile $name.ext -out $name.pem
         done
         openssl genrsa -out user.key 2048
         printf 'account-1' > account"
    );
    let made = Command::new("sh").arg("-c").arg(script).current_dir(directory).output().expect("sh");
    assert!(made.status.success(), "openssl: {}", String::from_utf8_lossy(&made.stderr));
}

/// The public half of a private key in a file, as a SubjectPublicKeyInfo in DER.
pub fn public_key(private: &Path) -> Vec<u8> {
    let made = Command::new("openssl").args(["rsa", "-pubout", "-outform", "DER", "-in"]).arg(private).output();
    let made = made.expect("openssl");
    assert!(made.status.success(), "openssl: {}", String::from_utf8_lossy(&made.stderr));
    made.stdout
}

/// Serves until the task is aborted.
pub fn serve(listener: TcpListener, routes: Router, directory: &Path) -> impl Future<Output = ()> + use<> {
    let chain = vec![CertificateDer::from_pem_file(directory.join("server.pem")).expect("the certificate")];
    let key = PrivateKeyDer::from_pem_file(directory.join("server.key")).expect("its key");
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).expect("a TLS server");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    async move {
        while let Ok((connection, _)) = listener.accept().await {
            let (acceptor, routes) = (acceptor.clone(), routes.clone());
            tokio::spawn(async move {
                if let Ok(connection) = acceptor.accept(connection).await {
                    let service = TowerToHyperService::new(routes);
                    let http = hyper::server::conn::http1::Builder::new();
                    let _gone = http.serve_connection(TokioIo::new(connection), service).await;
                }
            });
        }
    }
}
