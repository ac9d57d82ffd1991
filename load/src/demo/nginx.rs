//! A real nginx on a loopback port, with logs and pages in a folder of its own.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use forebay_testkit::free_port;
use forebay_testkit::procs::Process;

/// A running nginx; it ends with its handle.
#[derive(Debug)]
pub(super) struct Nginx {
    process: Process,
    port: u16,
}

// === impl Nginx ===

impl Nginx {
    /// Starts it in the foreground, as one process.
    pub(super) async fn start(folder: &Path) -> Result<Self> {
        let port = free_port()?;
        let pages = folder.join("pages");
        fs::create_dir_all(pages.join("private"))?;
        for (name, text) in [("index.html", "<h1>Welcome</h1>\n"), ("style.css", "h1 { color: teal }\n")] {
            fs::write(pages.join(name), text)?;
        }
        let config = folder.join("nginx.conf");
        fs::write(&config, configuration(folder, port))?;
        let error_log = folder.join("error.log");
        let arguments = ["-p".as_ref(), folder.as_os_str(), "-c".as_ref(), config.as_os_str()];
        let arguments = arguments.into_iter().chain(["-e".as_ref(), error_log.as_os_str()]);
        let mut process = Process::start(Path::new("nginx"), arguments, []).context("is nginx installed?")?;
        process.ready(&format!("http://127.0.0.1:{port}/"), Duration::from_secs(20)).await?;
        Ok(Self { process, port })
    }

    /// Its port on 127.0.0.1.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Stops it; its logs are complete then.
    pub(super) async fn stop(mut self) -> Result<()> {
        let status = self.process.terminate(Duration::from_secs(20)).await?;
        ensure!(status.success(), "nginx ended with {status}:\n{}", self.process.log());
        Ok(())
    }
}

fn configuration(folder: &Path, port: u16) -> String {
    let folder = folder.display();
    format!(
        "daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log info;
events {{ worker_connections 256; }}
http {{
  access_log {folder}/access.log combined;
  types {{ text/html html; text/css css; }}
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
    root {folder}/pages;
    location /old/ {{ return 301 /; }}
    location /busy {{ return 503; }}
  }}
}}
"
    )
}
