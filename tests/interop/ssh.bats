#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# ssh with ProxyUseFdpass takes its connection from the ProxyCommand.  It sends no descriptor.
# The server is sshd for one connection, with keys of our own; it is run.sh that unpacks it.

load helper
setup() {
	need ssh ssh-keygen python3
	interop_setup
	sshd=$(command -v sshd || echo "$tools/root/usr/sbin/sshd")
	[ -x "$sshd" ] || skip 'sshd is not there'
	[ "$(id -u)" -ne 0 ] || unshare -m true || skip 'there are no mount namespaces here, which sshd.sh needs'
	ssh-keygen -q -t ed25519 -N '' -f host_key
	ssh-keygen -q -t ed25519 -N '' -f user_key
	cat >sshd_config <<-EOF
		HostKey $PWD/host_key
		AuthorizedKeysFile $PWD/user_key.pub
		StrictModes no
		UsePAM no
		PermitRootLogin yes
		PidFile none
	EOF
	serve sh "$here/sshd.sh" "$sshd" "$PWD/sshd_config"
	cat >ssh_config <<-EOF
		Port $port
		IdentityFile $PWD/user_key
		UserKnownHostsFile $PWD/known_hosts
		IdentitiesOnly yes
	EOF
	echo "[127.0.0.1]:$port $(cat host_key.pub)" >known_hosts
}
teardown() { interop_teardown; }

@test "fdferry send to ssh, as its ProxyCommand" {
	start ssh -o ProxyUseFdpass=yes -o ProxyCommand='fdferry send - tcp-connect:%h:%p' \
		-F ssh_config 127.0.0.1 'echo $SSH_CONNECTION'
	finish
	[ "$status" -eq 0 ] || { cat err server.err; false; }
	[[ "$output" == "127.0.0.1 "*" 127.0.0.1 $port" ]]
	wait "$server" || true
	peer "ssh | $(ssh -V 2>&1)"
}
