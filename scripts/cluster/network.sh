# shellcheck shell=bash
# The cluster's network: a bridge in the control plane's network namespace, a cable from
# it to each node, routes to each node's pods, and the doors by which the host reaches
# the API server and the registry. Nothing listens on the host save those, on loopback.

make_control_network() {
  in_machine control sh -eu -c "
    ip link set lo up
    ip link add br0 type bridge
    ip addr add $control_ip/24 dev br0
    ip link set br0 up
    echo 1 >/proc/sys/net/ipv4/ip_forward
    echo 0 >/proc/sys/net/ipv4/conf/all/send_redirects
    echo 0 >/proc/sys/net/ipv4/conf/br0/send_redirects"
}

# Nodes reach each other's pods through the control plane, which knows every route.
connect_node() { # node
  local name=$1 number
  number=$(node_number "$name")
  in_control_network ip link add "$name" type veth peer name eth0 netns "$(machine_pid "$name")"
  in_control_network sh -eu -c "
    ip link set $name master br0 up
    ip route replace 10.244.$number.0/24 via $(node_ip "$name")"
  in_machine "$name" sh -eu -c "
    ip link set lo up
    ip addr add $(node_ip "$name")/24 dev eth0
    ip link set eth0 up
    ip route add default via $control_ip
    echo 1 >/proc/sys/net/ipv4/ip_forward"
}

# With the host's process numbers, by which a node's namespace is named.
in_control_network() {
  nsenter --target "$(machine_pid control)" --net -- "$@"
}

# open_door NAME PORT: a free loopback port from about there → PORT of the control
# plane, through a UNIX socket, which crosses network namespaces. Writes <dir>/NAME.port.
open_door() {
  local name=$1 target=$2 port=$((10000 + $2)) last
  last=$((port + 50))
  daemon control "$name-door" socat "UNIX-LISTEN:$dir/$name.sock,fork,mode=600" \
    "TCP:$control_ip:$target"
  for (( ; port < last; port++)); do
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && continue
    env "$mark=$dir" setsid socat "TCP-LISTEN:$port,bind=127.0.0.1,reuseaddr,fork" \
      "UNIX-CONNECT:$dir/$name.sock" >>"$dir/logs/$name-door.log" 2>&1 </dev/null &
    local pid=$!
    disown
    wait_for 5 "the door on port $port" door_settled "$pid" "$port" || true
    is_ours "$pid" || continue
    printf '%s\n' "$port" >"$dir/$name.port"
    return
  done
  die "no free loopback port between $((10000 + target)) and $last"
}

# Either it accepts, or it ended since the port was taken meanwhile.
door_settled() { # pid port
  ! is_ours "$1" || (exec 3<>"/dev/tcp/127.0.0.1/$2") 2>/dev/null
}
