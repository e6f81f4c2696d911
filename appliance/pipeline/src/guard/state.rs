//! States of the guard and the arrows between them; the drawing is in `guard.rs`.

/// State.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Just started: nothing was read yet, or not enough.
    Unread,
    /// Mode *observe*.
    Observing,
    /// Off the press until an engineer arms it.
    Released,
    /// Something is not as it should be; the last values stay.
    Holding,
    /// A person moved a setpoint; waits until the new recipe is accepted.
    Edited,
    /// May write or advise.
    Ready,
    /// Advice waits for a person.
    Waiting,
    /// Written, not yet read back.
    Written,
}

impl State {
    /// Key of its text on the page.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Unread => "unread",
            Self::Observing => "observing",
            Self::Released => "released",
            Self::Holding => "holding",
            Self::Edited => "edited",
            Self::Ready => "ready",
            Self::Waiting => "waiting",
            Self::Written => "written",
        }
    }

    /// True in the states from which a write can come once every rule passes.
    pub const fn armed(self) -> bool {
        !matches!(self, Self::Observing | Self::Released)
    }
}

/// An arrow of the drawing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrow {
    /// First reading in mode *observe*.
    ReadObserving,
    /// First reading, not armed.
    ReadUnarmed,
    /// First reading after a restart: all values as they were left.
    ReadAsLeft,
    /// First reading after a restart: values differ, or an edit was still open.
    ReadOtherwise,
    /// An engineer armed it.
    Armed,
    /// Mode *observe* was chosen.
    Observed,
    /// Somebody took the box off the press.
    TakenOff,
    /// A wish became advice.
    Advised,
    /// A person confirmed the advice and every rule still passed.
    Confirmed,
    /// A person declined the advice.
    Declined,
    /// The advice no longer holds.
    Expired,
    /// A correction goes out.
    Wrote,
    /// It read back as written.
    ReadBack,
    /// It did not read back in time.
    NotReadBack,
    /// The press refused it.
    WriteRefused,
    /// It never went out: the next injection had begun.
    NotSent,
    /// A setpoint moved that the guard did not move.
    OperatorEdit,
    /// A person accepted the new recipe.
    EditAccepted,
    /// So many shots without another edit.
    Untouched,
    /// Link, freshness, heartbeat, automatic or trust failed.
    Held,
    /// So many good shots.
    Steadied,
    /// Held for too long.
    TimedOut,
    /// The recipe of before goes out.
    Restored,
    /// It could not be restored.
    NotRestored,
}

impl Arrow {
    /// Key of its text on the page.
    pub const fn key(self) -> &'static str {
        match self {
            Self::ReadObserving => "read_observing",
            Self::ReadUnarmed => "read_unarmed",
            Self::ReadAsLeft => "read_as_left",
            Self::ReadOtherwise => "read_otherwise",
            Self::Armed => "armed",
            Self::Observed => "observed",
            Self::TakenOff => "taken_off",
            Self::Advised => "advised",
            Self::Confirmed => "confirmed",
            Self::Declined => "declined",
            Self::Expired => "expired",
            Self::Wrote => "wrote",
            Self::ReadBack => "read_back",
            Self::NotReadBack => "not_read_back",
            Self::WriteRefused => "write_refused",
            Self::NotSent => "not_sent",
            Self::OperatorEdit => "operator_edit",
            Self::EditAccepted => "edit_accepted",
            Self::Untouched => "untouched",
            Self::Held => "held",
            Self::Steadied => "steadied",
            Self::TimedOut => "timed_out",
            Self::Restored => "restored",
            Self::NotRestored => "not_restored",
        }
    }
}
