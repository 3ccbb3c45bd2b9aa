//! The neutral question about the age, before anything else is asked. The answer is used once and kept nowhere.

use crate::world::Moment;
use time::{Date, Month};

/// The age from which a person may have an account.
pub const LEAST: i32 = 13;

/// What follows from a date of birth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Old enough.
    Enough,
    /// Younger than [`LEAST`] years.
    TooYoung,
    /// Not a day in the last 120 years.
    NoDate,
}

/// Judges a date of birth by the day it is in UTC. Who was born on 29 February has the birthday on 1 March in other years.
pub fn judge(day: u8, month: u8, year: i32, now: Moment) -> Answer {
    let today = now.to_utc().date();
    let born = Month::try_from(month).ok().and_then(|month| Date::from_calendar_date(year, month, day).ok());
    let Some(born) = born.filter(|born| *born <= today && year >= today.year() - 120) else { return Answer::NoDate };
    let had_birthday = (u8::from(today.month()), today.day()) >= (u8::from(born.month()), born.day());
    let age = today.year() - born.year() - i32::from(!had_birthday);
    if age >= LEAST { Answer::Enough } else { Answer::TooYoung }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(today: (i32, u8, u8), born: (i32, u8, u8)) -> Answer {
        let date = Date::from_calendar_date(today.0, Month::try_from(today.1).unwrap(), today.2).unwrap();
        let now = Moment(date.midnight().assume_utc().unix_timestamp() * 1_000_000);
        judge(born.2, born.1, born.0, now)
    }

    #[test]
    fn pr6_the_day_decides() {
        assert_eq!(on((2027, 6, 14), (2014, 6, 15)), Answer::TooYoung, "12 years and 364 days");
        assert_eq!(on((2027, 6, 15), (2014, 6, 15)), Answer::Enough, "13 years");
        assert_eq!(on((2025, 2, 28), (2012, 2, 29)), Answer::TooYoung, "29 February: the day before");
        assert_eq!(on((2025, 3, 1), (2012, 2, 29)), Answer::Enough, "29 February");
        assert_eq!(on((2028, 2, 29), (2014, 3, 1)), Answer::Enough);
        for nonsense in
            [(2027, 6, 16), (2012, 2, 30), (2012, 13, 1), (2012, 0, 1), (1900, 1, 1), (99_999, 1, 1), (-5, 1, 1)]
        {
            assert_eq!(on((2027, 6, 15), nonsense), Answer::NoDate, "{nonsense:?}");
        }
    }
}
