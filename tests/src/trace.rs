//! Reading what `strace -f -e trace=%network` wrote.

/// Every call that has to do with a socket, of whatever kind: all lines but those of signals and of ends.
#[must_use]
pub fn calls(trace: &str) -> Vec<String> {
    let is_call = |line: &&str| {
        let what = line.split_whitespace().nth(1).unwrap_or_default();
        !what.is_empty() && what != "---" && what != "+++"
    };
    trace.lines().filter(is_call).map(str::to_owned).collect()
}

/// Lines that have to do with anybody but the known: sockets of another family than the local one, and local ones of other addresses than these. The
/// message bus' own daemon asks the kernel whether audits are wanted (`NETLINK_AUDIT`), which reaches nobody and is not ours.
#[must_use]
pub fn strangers(trace: &str, known: &[String]) -> Vec<String> {
    calls(trace)
        .into_iter()
        .filter(|line| !is_local(line) || addresses(line).any(|path| !known.contains(&path)))
        .collect()
}

fn is_local(line: &str) -> bool {
    let families = line.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    families.filter(|word| word.starts_with("AF_")).all(|family| matches!(family, "AF_UNIX" | "AF_LOCAL"))
        || line.contains("NETLINK_AUDIT")
}

/// The local addresses in a line; one without a file (`@"…"`) counts as one with.
fn addresses(line: &str) -> impl Iterator<Item = String> + '_ {
    line.split("sun_path=").skip(1).filter_map(|rest| rest.trim_start_matches('@').split('"').nth(1).map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::{calls, strangers};

    const TRACE: &str = "\
1 socket(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC, 0) = 3
1 connect(3, {sa_family=AF_UNIX, sun_path=\"/tmp/.X11-unix/X9\"}, 20) = 0
1 connect(3, {sa_family=AF_UNIX, sun_path=@\"/tmp/.X11-unix/X9\"}, 20 <unfinished ...>
1 --- SIGCHLD {si_signo=SIGCHLD} ---
2 connect(3, {sa_family=AF_UNIX, sun_path=\"/tmp/.X11-unix/X99\"}, 20) = 0
2 socket(AF_INET6, SOCK_STREAM, IPPROTO_TCP) = 4
2 connect(4, {sa_family=AF_INET, sin_port=htons(443)}, 16) = -1 ENETUNREACH
3 recvmsg(3, {msg_name=NULL}, 0) = 8
4 sendmsg(5, {msg_name={sa_family=AF_UNIX, sun_path=\"/run/systemd/journal/socket\"}, msg_namelen=29}, 0) = 8
4 socket(AF_NETLINK, SOCK_RAW, NETLINK_AUDIT) = 6
4 socket(AF_NETLINK, SOCK_RAW|SOCK_CLOEXEC, NETLINK_ROUTE) = 5
5 +++ exited with 0 +++";

    #[test]
    fn only_the_known_are_no_strangers() {
        let found = strangers(TRACE, &["/tmp/.X11-unix/X9".to_owned()]);
        assert_eq!(found.len(), 5, "{found:#?}");
        for part in ["X99", "AF_INET6", "htons", "journal", "NETLINK_ROUTE"] {
            assert!(found.iter().any(|line| line.contains(part)), "{part}");
        }
    }

    #[test]
    fn every_call_counts_and_no_signal() {
        assert_eq!(calls(TRACE).len(), 10);
        assert!(calls("").is_empty());
    }
}
