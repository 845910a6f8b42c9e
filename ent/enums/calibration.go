package enums

// CalibrationState says how far a calibration has come.
type CalibrationState string

// The states of a calibration.
const (
	CalibrationUploaded CalibrationState = "UPLOADED"
	CalibrationFitting  CalibrationState = "FITTING"
	CalibrationReady    CalibrationState = "READY"
	CalibrationActive   CalibrationState = "ACTIVE"
	CalibrationRetired  CalibrationState = "RETIRED"
	CalibrationFailed   CalibrationState = "FAILED"
)

// Values lists the states.
func (CalibrationState) Values() []string {
	return strings(CalibrationUploaded, CalibrationFitting, CalibrationReady, CalibrationActive, CalibrationRetired, CalibrationFailed)
}

// BiasBy says what answers are put into groups by.
type BiasBy string

// The groupings.
const (
	BiasByLength BiasBy = "LENGTH"
	BiasByScore  BiasBy = "SCORE"
	BiasByGroup  BiasBy = "GROUP"
)
