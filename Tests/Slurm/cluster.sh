# A Slurm of one node on this machine, for tests and measurements: to be sourced. munge, slurmctld and slurmd run as root, with everything
# but their configuration in a temporary folder. Jobs find their configuration only in /etc/slurm, so it has to lie there. Where there is
# anything of another Slurm (a configuration, a daemon, a controller that answers), nothing is started, cancelled or removed.

cluster_mark="# Of Mirrorscope's tests: made by Tests/Slurm/cluster.sh, and removed by it."
cluster_conf=/etc/slurm/slurm.conf
# Where a Slurm that is set up has its configuration.
cluster_places=("$cluster_conf" /etc/slurm-llnl /opt/slurm/etc /usr/local/etc/slurm.conf /run/slurm/conf)

# cluster_missing: prints why no cluster can be started here, or nothing.
cluster_missing() {
  [ "$(uname -s)" = Linux ] || { echo "this is no Linux"; return; }
  [ "$(id -u)" -eq 0 ] || { echo "munge and Slurm have to be started as root"; return; }
  local program
  if [ -n "${SLURM_CONF:-}" ]; then echo "SLURM_CONF names a configuration ($SLURM_CONF), which is left as it is" && return; fi
  for program in pgrep timeout; do
    command -v "$program" >/dev/null 2>&1 || { echo "without $program it cannot be told whether Slurm runs here"; return; }
  done
  local path
  for path in "${cluster_places[@]}"; do
    if { [ -e "$path" ] || [ -L "$path" ]; } && ! cluster_marked "$path"; then
      echo "$path is of a Slurm that is set up here, and is left as it is" && return
    fi
  done
  for program in sackd slurmctld slurmd slurmstepd munged; do
    if pgrep -x "$program" >/dev/null; then echo "$program is running here already" && return; fi
  done
  for program in munged slurmctld slurmd sbatch scancel scontrol sinfo squeue; do
    command -v "$program" >/dev/null 2>&1 || { echo "$program is not installed (Debian and Ubuntu: slurm-wlm, munge)"; return; }
  done
  # A configuration may also come from elsewhere, as by DNS.
  if timeout 5 scontrol ping >/dev/null 2>&1 || timeout 5 sinfo >/dev/null 2>&1; then echo "a Slurm answers here already"; fi
}

# cluster_marked FILE: whether it is a configuration that these functions made.
cluster_marked() { [ -f "$1" ] && [ ! -L "$1" ] && head -n 1 "$1" | grep -qxF "$cluster_mark"; }

# cluster_ours: whether the controller that the commands of Slurm reach is the one started here, and not that of a real cluster.
cluster_ours() {
  local config
  config=$(timeout 5 scontrol show config 2>/dev/null) || return 1
  grep -Eqx 'ClusterName *= mirrorscope *' <<<"$config" &&
    [ "$(sed -n 's/^StateSaveLocation *= \(.*[^ ]\) *$/\1/p' <<<"$config")" = "$cluster_folder/state" ]
}

# cluster_start FOLDER [CPUS]: starts everything; the node has CPUS processors, whatever the machine has.
cluster_start() {
  local reason
  reason=$(cluster_missing)
  [ -z "$reason" ] || { echo "slurm: $reason" >&2; return 1; }
  cluster_folder=$1
  local cpus=${2:-2} host name memory
  host=$(hostname)
  memory=$(awk '/^MemTotal/ { print int($2 / 1024) }' /proc/meminfo)
  name=${host%%.*}
  mkdir -p "$cluster_folder"/{munge,state,spool}
  if [ ! -d "${cluster_conf%/*}" ]; then mkdir "${cluster_conf%/*}" && touch "$cluster_folder/made-etc"; fi
  chmod 700 "$cluster_folder/munge"
  head -c 1024 /dev/urandom >"$cluster_folder/munge/key"
  chmod 400 "$cluster_folder/munge/key"
  cat >"$cluster_conf" <<CONF
$cluster_mark
ClusterName=mirrorscope
SlurmctldHost=$name(127.0.0.1)
SlurmctldPort=27817
SlurmdPort=27818
AuthType=auth/munge
AuthInfo=socket=$cluster_folder/munge/socket,cred_expire=15
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation=$cluster_folder/state
SlurmdSpoolDir=$cluster_folder/spool
SlurmctldPidFile=$cluster_folder/slurmctld.pid
SlurmdPidFile=$cluster_folder/slurmd.pid
SlurmctldLogFile=$cluster_folder/slurmctld.log
SlurmdLogFile=$cluster_folder/slurmd.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,batch_sched_delay=0,sched_min_interval=0
SlurmdParameters=config_overrides
MpiDefault=none
SwitchType=switch/none
ReturnToService=2
JobRequeue=1
MaxArraySize=20001
MaxJobCount=40000
MinJobAge=600
KillWait=5
NodeName=$name NodeAddr=127.0.0.1 CPUs=$cpus RealMemory=$memory State=UNKNOWN
PartitionName=main Nodes=$name Default=YES MaxTime=INFINITE State=UP
CONF
  munged --force --key-file="$cluster_folder/munge/key" --socket="$cluster_folder/munge/socket" \
    --pid-file="$cluster_folder/munge/pid" --log-file="$cluster_folder/munge/log" --seed-file="$cluster_folder/munge/seed"
  slurmctld -f "$cluster_conf"
  slurmd -f "$cluster_conf"
  cluster_wait
}

# cluster_wait: waits until the controller answers and the node takes jobs.
cluster_wait() {
  local tries
  for tries in $(seq 100); do
    if cluster_ours && sinfo --noheader --format=%T 2>/dev/null | grep -Eq '^(idle|mixed|allocated)$'; then return; fi
    sleep 0.2
  done
  echo "slurm: the node did not come up within 20 s; the ends of the logs follow" >&2
  tail -n 5 "$cluster_folder"/slurmctld.log "$cluster_folder"/slurmd.log >&2
  return 1
}

# cluster_end DAEMON PIDFILE: ends one daemon and waits for its end.
cluster_end() {
  local pid tries
  pid=$(cat "$2" 2>/dev/null) || return 0
  # The number may be another process's by now.
  [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$1" ] || return 0
  kill "$pid" 2>/dev/null || return 0
  for tries in $(seq 50); do
    kill -0 "$pid" 2>/dev/null || return 0
    sleep 0.2
  done
  kill -9 "$pid" 2>/dev/null || true
}

# cluster_restart_controller: it saves its state, ends, and goes on from there. (Killed, it would lose what it learnt in its last seconds, and
# take a job that ended then for one that runs, until the node registers anew.)
cluster_restart_controller() {
  cluster_end slurmctld "$cluster_folder/slurmctld.pid"
  slurmctld -f "$cluster_conf"
  cluster_wait
}

# cluster_stop: cancels what runs, ends the daemons and removes all that cluster_start made.
cluster_stop() {
  [ -n "${cluster_folder:-}" ] || return 0
  local tries
  if cluster_ours; then
    timeout 5 scancel --user=root 2>/dev/null || true
    for tries in $(seq 30); do
      [ -n "$(timeout 2 squeue --noheader --states=running,completing 2>/dev/null)" ] || break
      sleep 0.2
    done
  fi
  cluster_end slurmd "$cluster_folder/slurmd.pid"
  cluster_end slurmctld "$cluster_folder/slurmctld.pid"
  cluster_end munged "$cluster_folder/munge/pid"
  if cluster_marked "$cluster_conf" && grep -qxF "StateSaveLocation=$cluster_folder/state" "$cluster_conf"; then rm -f "$cluster_conf"; fi
  if [ -e "$cluster_folder/made-etc" ]; then rmdir "${cluster_conf%/*}" 2>/dev/null || true; fi
  rm -rf "$cluster_folder"/{munge,state,spool,made-etc} "$cluster_folder"/slurm{ctld,d}.{pid,log}
  rmdir "$cluster_folder" 2>/dev/null || true
}
