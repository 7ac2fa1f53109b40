//! The slots of the library's classes: a number for each, which no other class has.

/// A class that the library defines. A file defines each class beside its objects.
#[derive(Clone, Copy, Debug)]
pub enum Slot {
    /// `tcp{master}`
    TcpMaster,
    /// `tcp{client}`
    TcpClient,
    /// `tcp{server}`
    TcpServer,
    /// `udp{unconnected}`
    UdpUnconnected,
    /// `udp{connected}`
    UdpConnected,
    /// `unixstream{master}`
    #[cfg(unix)]
    UnixStreamMaster,
    /// `unixstream{client}`
    #[cfg(unix)]
    UnixStreamClient,
    /// `unixstream{server}`
    #[cfg(unix)]
    UnixStreamServer,
    /// `unixdgram{unconnected}`
    #[cfg(unix)]
    UnixDatagramUnconnected,
    /// `unixdgram{connected}`
    #[cfg(unix)]
    UnixDatagramConnected,
    /// `serial{client}`
    #[cfg(unix)]
    SerialClient,
    /// `http{file}`
    HttpFile,
    /// `tls{connection}`
    TlsConnection,
    /// `tls{context}`
    TlsContext,
    /// `tls{certificate}`
    Certificate,
    /// `decoder`
    Decoder,
    /// `cookie jar`
    #[cfg(feature = "cookies")]
    Jar,
}
