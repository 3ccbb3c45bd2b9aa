//! Reading what `strace -f -e trace=%network` wrote.

/// Lines of a trace that reach for a network: sockets of another family than the local one, and connections through such. The message bus'
/// own daemon asks the kernel whether audits are wanted (`NETLINK_AUDIT`), which reaches nobody and is not ours.
#[must_use]
pub fn reaching_out(trace: &str) -> Vec<String> {
    let local = ["AF_UNIX", "AF_LOCAL", "NETLINK_AUDIT"];
    trace
        .lines()
        .filter(|line| {
            line.contains("socket(") || line.contains("connect(") || line.contains("bind(") || line.contains("sendto(")
        })
        .filter(|line| line.contains("AF_") && !local.iter().any(|family| line.contains(family)))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::reaching_out;

    #[test]
    fn only_other_families_count() {
        let trace = "\
1 socket(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC, 0) = 3
1 connect(3, {sa_family=AF_UNIX, sun_path=\"/tmp/.X11-unix/X99\"}, 20) = 0
2 socket(AF_INET6, SOCK_STREAM, IPPROTO_TCP) = 4
2 connect(4, {sa_family=AF_INET, sin_port=htons(443)}, 16) = -1 ENETUNREACH
3 recvmsg(3, {msg_name=NULL}, 0) = 8
4 socket(AF_NETLINK, SOCK_RAW|SOCK_CLOEXEC, NETLINK_ROUTE) = 5";
        assert_eq!(reaching_out(trace).len(), 3);
    }
}
