//! What work costs, where the clock would also measure what else the machine is doing.

/// The processor time that a process has used, in clock ticks (a hundredth of a second).
pub fn processor_ticks(pid: i32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    // The name of the program, in parentheses, may have spaces; utime and stime are fields 14 and 15 of all.
    let after_name = stat.rsplit_once(") ").unwrap().1;
    after_name.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum()
}
