//! How a parcel of the sandbox carrier gets from one place to another.

use contracts::shipping::ShipmentStatus::{
    self, Created, Delivered, Exception, InTransit, OutForDelivery, PickedUp, Returned, Returning,
};

/// The step that it takes by itself; `None` where its way ends.
pub fn next(status: ShipmentStatus) -> Option<ShipmentStatus> {
    match status {
        Created => Some(PickedUp),
        PickedUp => Some(InTransit),
        InTransit | Exception => Some(OutForDelivery),
        OutForDelivery => Some(Delivered),
        Returning => Some(Returned),
        _ => None,
    }
}

/// The steps from one place to another; `None` if no way leads there. Not a step if it is there.
pub fn steps(from: ShipmentStatus, to: ShipmentStatus) -> Option<Vec<ShipmentStatus>> {
    if from == to {
        return Some(Vec::new());
    }
    let side_way: &[ShipmentStatus] = match to {
        Exception => &[Exception],
        Returning => &[Returning],
        Returned if from != Returning => &[Returning, Returned],
        _ => return onward(from, to),
    };
    match from {
        Created => Some([&[PickedUp], side_way].concat()),
        PickedUp | InTransit | OutForDelivery | Exception => Some(side_way.to_vec()),
        _ => None,
    }
}

pub fn description(status: ShipmentStatus) -> &'static str {
    match status {
        PickedUp => "Picked up from the sender",
        InTransit => "On its way",
        OutForDelivery => "Out for delivery",
        Delivered => "Delivered",
        Exception => "The delivery could not be completed",
        Returning => "On its way back to the sender",
        Returned => "Back at the sender's",
        ShipmentStatus::Cancelled => "Cancelled by the sender",
        _ => "Announced",
    }
}

fn onward(from: ShipmentStatus, to: ShipmentStatus) -> Option<Vec<ShipmentStatus>> {
    let way: Vec<_> = std::iter::successors(next(from), |status| next(*status)).collect();
    let end = way.iter().position(|status| *status == to)?;
    Some(way[..=end].to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ordinary_way_has_four_steps() {
        assert_eq!(steps(Created, Delivered), Some(vec![PickedUp, InTransit, OutForDelivery, Delivered]));
        assert_eq!(steps(Exception, Delivered), Some(vec![OutForDelivery, Delivered]));
        assert_eq!(steps(InTransit, InTransit), Some(vec![]));
    }

    #[test]
    fn a_parcel_comes_back_only_after_it_was_picked_up() {
        assert_eq!(steps(Created, Returned), Some(vec![PickedUp, Returning, Returned]));
        assert_eq!(steps(OutForDelivery, Returned), Some(vec![Returning, Returned]));
        assert_eq!(steps(Returning, Returned), Some(vec![Returned]));
    }

    #[test]
    fn no_way_leads_out_of_the_end_or_backwards() {
        assert_eq!(steps(Delivered, Returned), None);
        assert_eq!(steps(Delivered, Exception), None);
        assert_eq!(steps(OutForDelivery, PickedUp), None);
        assert_eq!(steps(ShipmentStatus::Cancelled, Delivered), None);
        assert_eq!(steps(Returning, Delivered), None);
    }
}
