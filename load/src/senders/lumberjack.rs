//! Lumberjack, version 2 (<https://github.com/elastic/go-lumber>): a window whose frames are compressed together.

use std::io::Write;

use anyhow::{Result, ensure};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Queue;

/// What Filebeat compresses with unless it is told otherwise.
const LEVEL: u32 = 3;

pub(super) fn window(lines: &[Vec<u8>]) -> Result<Vec<u8>> {
    let mut packer = ZlibEncoder::new(Vec::new(), Compression::new(LEVEL));
    for (line, sequence) in lines.iter().zip(1_u32..) {
        packer.write_all(b"2J")?;
        packer.write_all(&sequence.to_be_bytes())?;
        packer.write_all(&u32::try_from(line.len())?.to_be_bytes())?;
        packer.write_all(line)?;
    }
    let packed = packer.finish()?;
    let mut out = b"2W".to_vec();
    out.extend_from_slice(&u32::try_from(lines.len())?.to_be_bytes());
    out.extend_from_slice(b"2C");
    out.extend_from_slice(&u32::try_from(packed.len())?.to_be_bytes());
    out.extend_from_slice(&packed);
    Ok(out)
}

pub(super) async fn send(stream: &mut TcpStream, queue: &mut Queue) -> Result<()> {
    while let Some(load) = queue.take() {
        stream.write_all(&load.bytes).await?;
        // Partial acknowledgements, and 0 to keep the connection, come before the last.
        loop {
            let mut answer = [0; 6];
            let _read = stream.read_exact(&mut answer).await?;
            let [b'2', b'A', a, b, c, d] = answer else { anyhow::bail!("no acknowledgement: {answer:?}") };
            let sequence = u64::from(u32::from_be_bytes([a, b, c, d]));
            ensure!(sequence <= load.events, "{sequence} of {} acknowledged", load.events);
            if sequence == load.events {
                break;
            }
        }
    }
    Ok(())
}
